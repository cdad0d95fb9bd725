/** The way to Ollama broke: nothing is wrong with what was asked, and it can be asked again. */
export class LinkLost extends Error {
  override readonly name = 'LinkLost';
}

/** Ollama said no. */
export class Refused extends Error {
  override readonly name = 'Refused';

  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }

  /** It has too much to do just now. */
  get isBusy(): boolean {
    return this.status === 503 || this.status === 429;
  }
}
