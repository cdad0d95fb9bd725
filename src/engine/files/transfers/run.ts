import { MOST_PROBLEMS, type TransferRequest, type TransferResult } from '../../../shared/transfers.js';
import { inParallel } from '../../base/parallel.js';
import { absolute, pathIn } from '../remotePath.js';
import { decideConflicts } from './conflicts.js';
import type { FileContext } from './context.js';
import { downloadFile } from './downloadFile.js';
import type { Line } from './line.js';
import { readLocal } from './localSource.js';
import { checkDestination, finishLocalFolder, LOCAL_TARGET, makeLocalFolder } from './localTarget.js';
import { isDropped, makePlan, pathOf, type Plan, type TargetFile, type TargetFolder } from './plan.js';
import { noteProblem } from './problems.js';
import { readRemote } from './remoteSource.js';
import { finishRemoteFolder, makeRemoteFolder, remoteTarget } from './remoteTarget.js';
import type { AskConflict } from './types.js';
import { uploadFile } from './uploadFile.js';

/** Files that are under way at a time. */
const WIDTH = 32;

/** What a transfer does, and how far it is; what is done is not done again when it is gone on with. */
export class Run {
  readonly counts = { files: { done: 0, total: 0 }, bytes: { done: 0, total: 0 } };
  private plan: Plan | undefined;
  private destination = '';
  private files: TargetFile[] = [];
  private readonly doneFiles = new Set<TargetFile>();
  private readonly doneFolders = new Set<TargetFolder>();

  constructor(
    private readonly request: TransferRequest,
    private readonly ask: AskConflict,
    private readonly result: TransferResult,
  ) {}

  get isPrepared(): boolean {
    return this.plan !== undefined;
  }

  /** Finds out what there is to do, and asks what is to be asked. */
  async prepare(line: Line, signal: AbortSignal): Promise<void> {
    if (this.plan) return;
    const { request } = this;
    let plan: Plan;
    if (request.direction === 'upload') {
      this.destination = await line.surely(async sftp => await absolute(sftp, request.destination));
      const source = await readLocal(request.sources, signal);
      plan = await makePlan(source, this.destination, remoteTarget(line));
    } else {
      this.destination = request.destination;
      await checkDestination(this.destination);
      const source = await line.surely(async sftp => await readRemote(sftp, request.sources, signal));
      plan = await makePlan(source, this.destination, LOCAL_TARGET);
    }
    const where = (conflict: Plan['conflicts'][number]) => this.pathOf(conflict.folder);
    await decideConflicts(plan, request, where, this.ask, signal);
    this.take(plan);
  }

  async perform(parts: Omit<FileContext, 'onBytes'>): Promise<void> {
    const plan = this.plan;
    if (!plan) return;
    const context: FileContext = { ...parts, onBytes: bytes => (this.counts.bytes.done += bytes) };
    for (const level of levels(plan.folders))
      await inParallel(level, WIDTH, async folder => {
        if (!isDropped(folder) && !folder.exists && !this.doneFolders.has(folder))
          await this.makeFolder(folder, context);
      });
    const left = this.files.filter(file => !this.doneFiles.has(file) && !isDropped(file.folder));
    await inParallel(left, WIDTH, async file => {
      await this.transfer(file, context);
    });
    // only now, since what is put into a folder changes its time; the deepest first, since one may not be entered any more
    for (const level of levels(plan.folders.filter(folder => this.doneFolders.has(folder))).reverse())
      await inParallel(level, WIDTH, async folder => await this.finishFolder(folder, context));
  }

  private take(plan: Plan): void {
    this.plan = plan;
    this.files = plan.files.filter(file => !file.dropped && !isDropped(file.folder));
    this.result.skipped = plan.files.length - this.files.length;
    this.result.problemCount = plan.problems.length;
    this.result.problems.push(...plan.problems.slice(0, MOST_PROBLEMS));
    this.counts.files.total = this.files.length;
    this.counts.bytes.total = this.files.reduce((sum, { source }) => sum + source.size, 0);
  }

  /** A folder that cannot be made takes what is in it along. */
  private async makeFolder(folder: TargetFolder, { line }: FileContext): Promise<void> {
    const path = this.pathOf(folder);
    try {
      if (this.request.direction === 'download') await makeLocalFolder(path);
      else await line.surely(async sftp => await makeRemoteFolder(sftp, path));
      this.doneFolders.add(folder);
      this.result.folders += 1;
    } catch (error) {
      noteProblem(this.result, error);
      folder.dropped = true;
    }
  }

  private async finishFolder(folder: TargetFolder, { line }: FileContext): Promise<void> {
    const { mode, mtime } = folder;
    const path = this.pathOf(folder);
    try {
      if (this.request.direction === 'download') await finishLocalFolder(path, mode, mtime);
      else await line.surely(async sftp => await finishRemoteFolder(sftp, path, mode, mtime));
    } catch (error) {
      noteProblem(this.result, error);
    }
  }

  private async transfer(file: TargetFile, context: FileContext): Promise<void> {
    const { source, name, overwrite } = file;
    const { path, size, mode, mtime } = source;
    const to = { path, folder: this.pathOf(file.folder), name };
    try {
      if (this.request.direction === 'upload') {
        // nobody else puts anything into a folder that we have made: what is dearer and would notice is not needed there
        const isOurs = this.doneFolders.has(file.folder);
        await uploadFile({ ...to, overwrite: overwrite || isOurs, seen: { size, mode, mtime } }, context);
      } else {
        const seen = { size, mode: mode | REGULAR_FILE, mtime, atime: undefined, uid: undefined, gid: undefined };
        await downloadFile({ ...to, overwrite, seen }, context);
      }
      this.doneFiles.add(file);
      this.counts.files.done += 1;
      this.result.files += 1;
      this.result.bytes += size;
    } catch (error) {
      noteProblem(this.result, error);
      this.doneFiles.add(file);
    }
  }

  private pathOf(folder: TargetFolder): string {
    return pathOf(folder, this.destination, this.request.direction === 'upload' ? pathIn : LOCAL_TARGET.join);
  }
}

const REGULAR_FILE = 0o100000;

/** Folders by how deep they are, those on top first. */
function levels(folders: readonly TargetFolder[]): TargetFolder[][] {
  const depthOf = (folder: TargetFolder): number => (folder.parent ? depthOf(folder.parent) + 1 : 0);
  const byDepth = new Map<number, TargetFolder[]>();
  for (const folder of folders) {
    const depth = depthOf(folder);
    const level = byDepth.get(depth);
    if (level) level.push(folder);
    else byDepth.set(depth, [folder]);
  }
  return [...byDepth].sort(([one], [other]) => one - other).map(([, level]) => level);
}
