import type { GpuProcess } from '../../shared/details.js';
import { quantity } from './gpuReading.js';

/** A process as nvidia-smi lists it; its two lines, where it computes and draws, made one. */
export type ListedProcess = Pick<GpuProcess, 'gpuIndex' | 'pid' | 'kind' | 'memoryMb' | 'gpuInstanceId'> & {
  readonly name: string;
};

/** More is no process table that anybody looks at. */
const MAX_PROCESSES = 512;
const MAX_NAME_LENGTH = 400;
/** A block of one process; its name may be long, and is any user's text. */
const MAX_BLOCK_LENGTH = 16_384;

const LIST = '<processes>';
const LIST_END = '</processes>';
const ENTRY = '<process_info>';
const ENTRY_END = '</process_info>';

/**
 * The processes of an output of `nvidia-smi -q -x`, read apart from the rest of the document: names of programs are not
 * always escaped, and must not be able to break it. A process whose entry holds another tag than it should is left out.
 * @returns null when no GPU has a list (a sentence in its place is none)
 */
export function processesOf(output: string): ListedProcess[] | null {
  const found: ListedProcess[] = [];
  let listed = false;
  let gpu = -1;
  let at = 0;
  for (;;) {
    const list = output.indexOf(LIST, at);
    if (list < 0) break;
    gpu += gpusBetween(output, at, list);
    const end = output.indexOf(LIST_END, list);
    if (end < 0) break;
    at = end + LIST_END.length;
    const text = output.slice(list + LIST.length, end);
    const entries = entriesOf(text);
    // "N/A" instead of a list
    if (entries.length > 0 || text.trim() === '') listed = true;
    for (const entry of entries) {
      const process = readEntry(entry, Math.max(0, gpu));
      if (process) add(found, process);
      if (found.length >= MAX_PROCESSES) return found;
    }
  }
  return listed ? found : null;
}

/** How many GPUs begin in a part of the document. */
function gpusBetween(output: string, from: number, to: number): number {
  let count = 0;
  for (let at = output.indexOf('<gpu', from); at >= 0 && at < to; at = output.indexOf('<gpu', at + 1))
    if (output[at + 4] === '>' || output[at + 4] === ' ') count += 1;
  return count;
}

function entriesOf(list: string): string[] {
  const entries: string[] = [];
  for (let at = list.indexOf(ENTRY); at >= 0 && entries.length < MAX_PROCESSES * 2; at = list.indexOf(ENTRY, at)) {
    const end = list.indexOf(ENTRY_END, at);
    if (end < 0) break;
    if (end - at <= MAX_BLOCK_LENGTH) entries.push(list.slice(at + ENTRY.length, end));
    at = end + ENTRY_END.length;
  }
  return entries;
}

function readEntry(entry: string, gpuIndex: number): ListedProcess | undefined {
  const tags = [...entry.matchAll(/<(\w+)>([^<]*)<\/(\w+)>/g)];
  // a name with tags in it
  if (tags.some(([, open, , close]) => open !== close) || tags.length * 2 !== entry.split('<').length - 1)
    return undefined;
  const text = (name: string) => {
    const matching = tags.filter(([, tag]) => tag === name);
    return matching.length === 1 ? (matching[0]?.[2]?.trim() ?? '') : '';
  };
  const pid = quantity(text('pid'), 'count');
  if (pid === null || pid < 1 || !Number.isInteger(pid)) return undefined;
  const name = text('process_name')
    .replace(/[\p{Cc}\p{Cf}]+/gu, ' ')
    .slice(0, MAX_NAME_LENGTH);
  const type = text('type');
  return {
    gpuIndex,
    pid,
    kind: type === 'G' ? 'G' : type === 'C+G' ? 'C+G' : 'C',
    memoryMb: quantity(text('used_memory').replace(/\s*MiB$/, ''), 'MiB'),
    gpuInstanceId: quantity(text('gpu_instance_id'), 'count'),
    name: unescape(name),
  };
}

/** Adds a process, or the other half of one: the same figure is then there twice, and counts once. */
function add(found: ListedProcess[], process: ListedProcess): void {
  const at = found.findIndex(
    known =>
      known.pid === process.pid && known.gpuIndex === process.gpuIndex && known.gpuInstanceId === process.gpuInstanceId,
  );
  const known = found[at];
  if (!known) {
    found.push(process);
    return;
  }
  found[at] = {
    ...known,
    kind: known.kind === process.kind ? known.kind : 'C+G',
    memoryMb:
      known.memoryMb === null || process.memoryMb === null
        ? (known.memoryMb ?? process.memoryMb)
        : Math.max(known.memoryMb, process.memoryMb),
  };
}

/** The five entities of XML; `&amp;` last, so that nothing is unescaped twice. */
function unescape(text: string): string {
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&apos;', "'")
    .replaceAll('&amp;', '&');
}
