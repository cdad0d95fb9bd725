import { appendFileSync } from 'node:fs';
import type { ConnectionInput } from '../../../src/shared/connection.js';
import type { Spark } from '../../spark/spark.js';
import type { Profile } from './profile.js';
import type { Workbench } from './workbench.js';

const KEY = 'ctrl+alt+shift+a';
const VIEW = 'Connections';

/** What a connection to a simulated Spark begins with; a login by password unless told otherwise. */
export function sparkConnection(name: string, spark: Spark, more: Partial<ConnectionInput> = {}): ConnectionInput {
  return {
    ...{ name, hostname: spark.host, port: spark.port, username: spark.username, authMethod: 'password' },
    ...more,
  };
}

/** Lets the user of a profile know the host keys of machines already. */
export function trust(profile: Profile, ...sparks: readonly Spark[]): void {
  for (const spark of sparks)
    for (const line of spark.hostKeyLines)
      appendFileSync(profile.knownHostsFile, `[${spark.host}]:${spark.port} ${line}\n`);
}

/** The rows of the connections tree, as a user works with them. */
export class ConnectionRows {
  constructor(private readonly window: Workbench) {}

  /**
   * Has connections saved with a key of the keyboard, which is bound to the command in its argument form: for tests that
   * are about what comes after. To be prepared before the window is opened.
   */
  static prepare(profile: Profile, connections: readonly ConnectionInput[]): void {
    profile.bindKey(
      KEY,
      connections.map(args => ({ command: 'dgxSpark.addConnection', args })),
    );
  }

  /** Saves what was prepared; waits for the row of `last`. */
  async add(last: string): Promise<void> {
    const { page, views } = this.window;
    await views.open('DGX Spark');
    // the command is there once the view is
    await this.window.until(async () => (await views.welcome(VIEW)).includes('Add Connection'), 'the welcome text');
    await page.keyboard.press('Control+Alt+Shift+A');
    await this.window.until(async () => (await this.state(last)) !== undefined, `the row of ${last}`);
  }

  /** The state that a row says, e.g. `Connected`; undefined while there is no such row. */
  async state(name: string): Promise<string | undefined> {
    const row = (await this.window.views.rows(VIEW)).find(({ label }) => label.startsWith(`${name}, `));
    return row?.label.split(', ')[1];
  }

  async waitFor(name: string, state: string | RegExp, limitMs?: number): Promise<void> {
    const fits = (shown: string) => (state instanceof RegExp ? state.test(shown) : shown === state);
    await this.window.until(
      async () => fits((await this.state(name)) ?? ''),
      `${name} to be ${String(state)}`,
      limitMs,
    );
  }

  async connect(name: string): Promise<void> {
    await this.window.views.rowAction(VIEW, name, 'Connect');
  }

  async disconnect(name: string): Promise<void> {
    await this.window.views.rowAction(VIEW, name, 'Disconnect');
    await this.waitFor(name, 'Disconnected');
  }

  async menu(name: string, item: string): Promise<void> {
    await this.window.views.rowMenu(VIEW, name, item);
  }

  /** What a row's tooltip says. */
  async tooltip(name: string): Promise<string> {
    const { page, views } = this.window;
    const hover = page.locator('.monaco-hover:visible, .workbench-hover:visible').filter({ hasText: 'Address:' });
    return await this.window.until(async () => {
      // a row that was drawn anew meanwhile forgets that the mouse is over it
      await page.mouse.move(0, 0);
      await views.row(VIEW, name).hover();
      await hover.first().waitFor({ timeout: 3000 });
      return await hover.first().innerText();
    }, `the tooltip of ${name}`);
  }
}
