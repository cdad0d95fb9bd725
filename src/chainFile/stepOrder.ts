import type { Chain, Step } from './chain.js';
import { templatesOf } from './templateUses.js';

/** For each step the names of those whose answers it uses. */
export function dependenciesOf(chain: Chain): Map<string, ReadonlySet<string>> {
  const known = new Set(chain.steps.map(step => step.name));
  const dependencies = new Map<string, Set<string>>(chain.steps.map(step => [step.name, new Set<string>()]));
  for (const { step, references } of templatesOf(chain))
    for (const { root, step: name } of references)
      if (step && root === 'steps' && name !== undefined && name !== step.name && known.has(name))
        dependencies.get(step.name)?.add(name);
  return dependencies;
}

/** The steps in an order in which each stands after those that it uses; otherwise as in the file. Needs a chain without a circle. */
export function stepOrder(chain: Chain): Step[] {
  const dependencies = dependenciesOf(chain);
  const done = new Set<string>();
  const ordered: Step[] = [];
  while (ordered.length < chain.steps.length) {
    const next = chain.steps.find(
      ({ name }) => !done.has(name) && [...(dependencies.get(name) ?? [])].every(other => done.has(other)),
    );
    if (!next) throw new Error('A chain with a circle has passed the checks of the file.');
    done.add(next.name);
    ordered.push(next);
  }
  return ordered;
}

/** A step and all that it needs, by name. */
export function neededFor(chain: Chain, name: string): ReadonlySet<string> {
  const dependencies = dependenciesOf(chain);
  const needed = new Set<string>();
  const add = (step: string) => {
    if (needed.has(step)) return;
    needed.add(step);
    for (const other of dependencies.get(step) ?? []) add(other);
  };
  add(name);
  return needed;
}

/** Steps that wait for each other in a circle, in its order; undefined where there is none. */
export function findCycle(chain: Chain): string[] | undefined {
  const dependencies = dependenciesOf(chain);
  const finished = new Set<string>();
  const visit = (name: string, trail: readonly string[]): string[] | undefined => {
    const at = trail.indexOf(name);
    if (at >= 0) return trail.slice(at);
    if (finished.has(name)) return undefined;
    for (const other of dependencies.get(name) ?? []) {
      const found = visit(other, [...trail, name]);
      if (found) return found;
    }
    finished.add(name);
    return undefined;
  };
  for (const { name } of chain.steps) {
    const found = visit(name, []);
    if (found) return found;
  }
  return undefined;
}
