/** What begins an escape sequence that is not whole yet; longer ones are given up. */
const MOST_WAITING = 64;
/** ESC, and CSI sequences up to where they are complete. */
const PARTIAL = /\x1b(?:\[[0-9;:?]*)?$/; // eslint-disable-line no-control-regex -- control characters are what it looks for

/**
 * Makes what a program prints fit for a terminal: colours and the clearing of a line stay, all other escape sequences
 * (titles, clipboard, links, cursor jumps, questions to the terminal) and control characters are taken out. Line feeds
 * become line ends. Keeps a piece of a sequence until the rest has come.
 */
export class TerminalText {
  private waiting = '';

  write(chunk: string): string {
    let text = this.waiting + chunk;
    this.waiting = '';
    const partial = PARTIAL.exec(text);
    if (partial && partial[0].length <= MOST_WAITING) {
      this.waiting = partial[0];
      text = text.slice(0, partial.index);
    }
    return (
      text
        // eslint-disable-next-line no-control-regex -- as above
        .replace(/\x1b\[[0-9;:]*[mK]|[\x00-\x07\x0b-\x0c\x0e-\x1f\x7f-\x9f]/g, found => (found.length > 2 ? found : ''))
        .replace(/\r?\n/g, '\r\n')
    );
  }
}
