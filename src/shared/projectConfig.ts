import * as v from 'valibot';

/** Characters; it is read by people. */
export const MOST_CONFIG_TEXT = 256 * 1024;

const variableName = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'A name of an environment variable has letters, digits and "_" only.'),
);
const noNul = (what: string) =>
  v.pipe(
    v.string(`${what} must be a text.`),
    v.check(text => !text.includes('\0'), `${what} contains an unusable character.`),
  );
const path = (what: string) =>
  v.pipe(noNul(what), v.nonEmpty(`${what} is empty.`), v.maxLength(4096, `${what} is too long.`));

const syncPathSchema = v.looseObject({
  /** A file or folder of this computer, or of the workspace where it is relative. */
  local: path('A local path'),
  /** Where it goes; in the project's folder where it is relative. */
  remote: path('A remote path'),
});

/**
 * The configuration of a project. What is not known here is kept as it is: it may be for another program.
 * `media/schemas/project.schema.json` says the same to the editor; a test compares them.
 */
export const projectConfigSchema = v.looseObject({
  $schema: v.optional(v.string()),
  /** Variables that jobs and terminals of the project begin with. No place for secrets: it is stored as plain text. */
  environment: v.optional(v.record(variableName, noNul('A variable'))),
  /** Container image that its jobs use unless they name another. */
  defaultImage: v.optional(v.pipe(noNul('The image'), v.maxLength(512, 'The name of the image is too long.'))),
  /** What its jobs run unless they say something else: a line for a shell, or a program and its arguments. */
  defaultCommand: v.optional(
    v.union(
      [noNul('The command'), v.pipe(v.array(noNul('An argument')), v.minLength(1))],
      'The command is a text, or a list of a program and its arguments.',
    ),
  ),
  syncPaths: v.optional(v.pipe(v.array(syncPathSchema), v.maxLength(200, 'At most 200 paths.'))),
  notes: v.optional(noNul('"notes"')),
});
export type ProjectConfig = v.InferOutput<typeof projectConfigSchema>;

/** Reads a configuration; an empty text is an empty one. Gives what is wrong with it in a sentence. */
export function readConfig(text: string): { config: ProjectConfig } | { problem: string } {
  if (text.length > MOST_CONFIG_TEXT) return { problem: `It is longer than ${MOST_CONFIG_TEXT / 1024} KB.` };
  if (text.trim() === '') return { config: {} };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return { problem: `It is not valid JSON: ${place(text, error)}.` };
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return { problem: 'It must be a JSON object.' };
  const checked = v.safeParse(projectConfigSchema, json);
  if (checked.success) return { config: checked.output };
  const [issue] = checked.issues;
  const where = v.getDotPath(issue);
  return { problem: where === null ? issue.message : `${issue.message} (at "${where}")` };
}

/** What the parser says, with the line instead of the position, which only some versions tell. */
function place(text: string, error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const at = /position (\d+)/.exec(message)?.[1];
  if (at === undefined) return /end of JSON/i.test(message) ? 'it ends too early' : 'something is not as it should be';
  return `something is wrong in line ${text.slice(0, Number(at)).split('\n').length}`;
}
