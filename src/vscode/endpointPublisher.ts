/** The setting that other tools read the endpoint from. */
export interface EndpointSetting {
  read(): string | undefined;
  write(url: string): Promise<void>;
}

/** More rewrites of the same value than this in a minute mean that somebody else keeps writing another. */
const REWRITES_A_MINUTE = 5;

/**
 * Keeps the endpoint setting true. Writes only when it differs, one write at a time, and gives up on a value when
 * writing fails or something else keeps overwriting it, until the truth itself changes.
 */
export class EndpointPublisher {
  private writing = false;
  private truth: string | undefined;
  private writtenAt: number[] = [];
  private givenUp = false;

  /**
   * @param endpoint the true endpoint, or undefined while it is not known or another window's business
   * @param log told what cannot be written, once for each value
   */
  constructor(
    private readonly endpoint: () => string | undefined,
    private readonly setting: EndpointSetting,
    private readonly log: (message: string) => void,
    private readonly now: () => number = Date.now,
  ) {}

  /** To be called whenever the truth or the setting may have changed. */
  async publish(): Promise<void> {
    if (this.writing) return;
    this.writing = true;
    try {
      for (let url = this.next(); url !== undefined; url = this.next()) await this.write(url);
    } finally {
      this.writing = false;
    }
  }

  /** What is to be written now, if anything. */
  private next(): string | undefined {
    const url = this.endpoint();
    if (url === undefined) return undefined;
    if (url !== this.truth) {
      this.truth = url;
      this.writtenAt = [];
      this.givenUp = false;
    }
    return this.givenUp || this.setting.read() === url ? undefined : url;
  }

  private async write(url: string): Promise<void> {
    const minuteAgo = this.now() - 60_000;
    this.writtenAt = this.writtenAt.filter(at => at > minuteAgo);
    if (this.writtenAt.length >= REWRITES_A_MINUTE) {
      this.giveUp(`Something else keeps changing dgxSpark.ollama.endpoint; it should say ${url}.`);
      return;
    }
    this.writtenAt.push(this.now());
    try {
      await this.setting.write(url);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.giveUp(`dgxSpark.ollama.endpoint should say ${url} but cannot be written: ${reason}`);
    }
  }

  private giveUp(message: string): void {
    this.givenUp = true;
    this.log(message);
  }
}
