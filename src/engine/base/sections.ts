/**
 * Takes the output of a remote script apart that says `<marker> <name>` on a line of its own before each part. What comes before the first, such as
 * what a login prints, is left out; the marker is a secret of the caller, so no part can pretend to be another.
 */
export function readSections(output: string, marker: string): ReadonlyMap<string, string> {
  const sections = new Map<string, string[]>();
  let open: string[] | undefined;
  for (const line of output.split('\n')) {
    const [first, name] = line.trim().split(' ');
    if (first === marker && name !== undefined) {
      open = sections.get(name) ?? [];
      sections.set(name, open);
    } else open?.push(line);
  }
  return new Map([...sections].map(([name, lines]) => [name, lines.join('\n').trim()]));
}
