/** Ends a run that nobody has ended: its engine goes, and the next one goes on with it. */
export class Abandoned extends Error {
  override readonly name = 'Abandoned';
}
