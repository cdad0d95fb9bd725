import schema from '../../schemas/chain.schema.json';
import { isObject, type JsonObject, ownField } from './json.js';

/** The schema of chain files: what is contributed for JSON, and what YAML is checked, completed and explained by. */
export const CHAIN_SCHEMA: JsonObject = schema;

/** The schema that a JSON pointer (`#/properties/steps`) names, references followed; undefined where there is none. */
export function schemaAt(pointer: string, root: JsonObject = CHAIN_SCHEMA): JsonObject | undefined {
  let current: unknown = root;
  for (const segment of pointer.split('/').slice(1)) {
    // the validator writes down where it followed a reference; here they are followed anyway
    if (segment === '$ref') continue;
    current = Array.isArray(current)
      ? (current as unknown[])[Number(segment)]
      : ownField(resolved(current, root), unescape(segment));
    if (current === undefined) return undefined;
  }
  return isObject(current) ? resolved(current, root) : undefined;
}

/** What the file says at a path must meet these; several where there are alternatives. */
export function schemasFor(path: readonly (string | number)[], root: JsonObject = CHAIN_SCHEMA): JsonObject[] {
  let level = alternatives(root, root);
  for (const segment of path)
    level = level.flatMap(each => {
      const next = childOf(each, segment);
      return isObject(next) ? alternatives(next, root) : [];
    });
  return level;
}

function childOf(parent: JsonObject, segment: string | number): unknown {
  if (typeof segment === 'number') return parent['items'];
  return ownField(parent['properties'], segment) ?? parent['additionalProperties'];
}

function alternatives(one: JsonObject, root: JsonObject): JsonObject[] {
  const whole = resolved(one, root);
  const { anyOf } = whole;
  return [
    whole,
    ...(Array.isArray(anyOf) ? (anyOf as readonly unknown[]).filter(isObject).map(each => resolved(each, root)) : []),
  ];
}

/** With what it refers to; what stands beside a reference (a description) wins. */
function resolved(one: unknown, root: JsonObject): JsonObject {
  if (!isObject(one)) return {};
  const { $ref } = one;
  if (typeof $ref !== 'string') return one;
  return { ...schemaAt($ref, root), ...one };
}

function unescape(segment: string): string {
  return decodeURIComponent(segment).replaceAll('~1', '/').replaceAll('~0', '~');
}
