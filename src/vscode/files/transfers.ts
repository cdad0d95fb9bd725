import * as vscode from 'vscode';
import { SparkError } from '../../shared/errors.js';
import type { Transfer, TransferRequest, TransferResult } from '../../shared/transfers.js';
import { Emitter, together, type Disposable } from '../emitter.js';
import type { EngineClient } from '../engineClient.js';
import { withoutLinks } from '../plainText.js';
import { sentences } from '../wording.js';
import { headingOf, isUnderWay, progressOf } from './transferWatch.js';

/** What is done sooner than this needs no notification. */
const NOTIFY_AFTER_MS = 700;
/** What a message can hold and a person reads. */
const PROBLEMS_SHOWN = 3;

/** What a transfer is started with. */
export type Start = Omit<TransferRequest, 'onConflict'> & Partial<Pick<TransferRequest, 'onConflict'>>;

/** The uploads and downloads of this window: starts them, shows them as one, and says how they ended. */
export class Transfers implements Disposable {
  private readonly changed = new Emitter<void>();
  private readonly held: readonly Disposable[];
  private readonly ours = new Set<string>();
  private all: readonly Transfer[] = [];
  private showing = false;

  /** Fires when any transfer has another state, also one of another window. */
  readonly onDidChange = this.changed.event;

  constructor(
    private readonly client: EngineClient,
    private readonly showLog: () => void,
  ) {
    this.held = [
      this.changed,
      client.on('transfers/changed', ({ transfers }) => {
        this.all = transfers;
        this.changed.fire();
      }),
      client.onDidAttach(() => {
        this.ours.clear();
        client.request('transfers/list', {}).then(
          transfers => {
            this.all = transfers;
            this.changed.fire();
          },
          () => undefined,
        );
      }),
    ];
  }

  dispose(): void {
    together(...this.held).dispose();
  }

  list(): readonly Transfer[] {
    return this.all;
  }

  /** Starts one and waits for its end. Shows progress and asks about conflicts; throws as the engine does. */
  async run(request: Start): Promise<TransferResult> {
    const { transferId } = await this.client.request('transfers/start', request);
    this.ours.add(transferId);
    this.show();
    return await this.client.request('transfers/wait', { transferId });
  }

  /** The same for the user: says how it ended, and lets a broken one go on. Undefined when nothing came of it. */
  async runForUser(request: Start): Promise<TransferResult | undefined> {
    const { transferId } = await this.client.request('transfers/start', request);
    return await this.follow(transferId, request.direction);
  }

  async cancel(transferId: string): Promise<void> {
    await this.client.request('transfers/cancel', { transferId });
  }

  /** Goes on with one that was stopped, as {@link runForUser}. */
  async resume({ id, direction }: Transfer): Promise<TransferResult | undefined> {
    await this.client.request('transfers/resume', { transferId: id });
    return await this.follow(id, direction);
  }

  private async follow(transferId: string, direction: Transfer['direction']): Promise<TransferResult | undefined> {
    this.ours.add(transferId);
    this.show();
    try {
      const result = await this.client.request('transfers/wait', { transferId });
      this.tellEnd(result, direction);
      return result;
    } catch (error) {
      if (SparkError.is(error, 'cancelled')) return undefined;
      return await this.offerToResume(transferId, error, direction);
    }
  }

  private tellEnd(
    { files, folders, skipped, problems, problemCount }: TransferResult,
    direction: Transfer['direction'],
  ): void {
    const done = direction === 'upload' ? 'Uploaded' : 'Downloaded';
    const what = files === 1 ? '1 file' : files > 0 || folders === 0 ? `${files} files` : `${folders} folders`;
    const words = `${done} ${what}${skipped > 0 ? `, skipped ${skipped}` : ''}`;
    if (problemCount === 0) {
      vscode.window.setStatusBarMessage(`$(check) ${words}`, 6000);
      return;
    }
    const more = problemCount > PROBLEMS_SHOWN ? ` and ${problemCount - PROBLEMS_SHOWN} more problems.` : '';
    void vscode.window.showWarningMessage(
      withoutLinks(`${words}. ${problems.slice(0, PROBLEMS_SHOWN).join(' ')}${more}`),
    );
  }

  private async offerToResume(
    transferId: string,
    error: unknown,
    direction: Transfer['direction'],
  ): Promise<TransferResult | undefined> {
    const info = SparkError.toInfo(error);
    const transfer = await this.find(transferId);
    if (transfer?.state !== 'stopped') throw error;
    const [resume, discard, log] = ['Resume', 'Discard', 'Show Log'];
    const verb = direction === 'upload' ? 'Upload' : 'Download';
    const words = `${verb} of ${transfer.title}: ${sentences(info)}`;
    const chosen = await vscode.window.showErrorMessage(withoutLinks(words), resume, discard, log);
    if (chosen === log) this.showLog();
    if (chosen === discard) await this.cancel(transferId).catch(() => undefined);
    if (chosen !== resume) return undefined;
    try {
      return await this.resume(transfer);
    } catch (failure) {
      return await this.offerToResume(transferId, failure, direction);
    }
  }

  private async find(transferId: string): Promise<Transfer | undefined> {
    const all = await this.client.request('transfers/list', {}).catch(() => []);
    return all.find(({ id }) => id === transferId);
  }

  /** One notification for all of this window's that are under way; cancelling it cancels them. */
  private show(): void {
    if (this.showing) return;
    this.showing = true;
    const mine = () => this.all.filter(({ id }) => this.ours.has(id));
    setTimeout(() => {
      if (!mine().some(isUnderWay)) {
        this.showing = false;
        return;
      }
      const options = { location: vscode.ProgressLocation.Notification, title: headingOf(mine()), cancellable: true };
      void vscode.window.withProgress({ ...options, title: withoutLinks(options.title) }, async (progress, token) => {
        let shown = 0;
        const listening: Disposable[] = [];
        await new Promise<void>(resolve => {
          const report = () => {
            const transfers = mine();
            const { percent, message } = progressOf(transfers);
            progress.report({ message, increment: Math.max(0, percent - shown) });
            shown = Math.max(shown, percent);
            if (!transfers.some(isUnderWay)) resolve();
          };
          listening.push(
            this.onDidChange(report),
            token.onCancellationRequested(() => {
              for (const { id } of mine().filter(isUnderWay)) this.cancel(id).catch(() => undefined);
            }),
          );
          report();
        });
        for (const each of listening) each.dispose();
        // what begins after this is a go of its own
        for (const { id } of mine()) this.ours.delete(id);
        this.showing = false;
      });
    }, NOTIFY_AFTER_MS);
  }
}
