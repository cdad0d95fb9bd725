import type { Transfer } from '../../shared/transfers.js';
import { duration, bytes } from '../wording.js';

/** Several transfers as one. */
export interface Progress {
  /** 0 to 100. */
  readonly percent: number;
  readonly message: string;
}

/** Whether something is still to come of a transfer by itself. */
export function isUnderWay({ state }: Transfer): boolean {
  return state === 'preparing' || state === 'running' || state === 'waiting';
}

/** Sums up what is under way, and what was before it in the same go. */
export function progressOf(transfers: readonly Transfer[]): Progress {
  const underWay = transfers.filter(isUnderWay);
  const sum = (read: (transfer: Transfer) => number) => transfers.reduce((total, one) => total + read(one), 0);
  const [done, total] = [sum(({ bytes }) => bytes.done), sum(({ bytes }) => bytes.total)];
  const [filesDone, files] = [sum(one => one.files.done), sum(one => one.files.total)];
  const rate = sum(one => (isUnderWay(one) ? one.rate : 0));
  const waiting = underWay.find(({ state }) => state === 'waiting');
  if (underWay.length > 0 && underWay.every(({ state }) => state === 'preparing'))
    return { percent: 0, message: 'finding out what there is to do' };
  const words = [`${bytes(done)} of ${bytes(total)}`];
  if (files > 1) words.push(`${filesDone} of ${files} files`);
  if (waiting) words.push('waiting for the connection');
  else if (rate > 0) words.push(`${bytes(rate)}/s`, `${duration(((total - done) / rate) * 1000)} left`);
  // empty files are work too
  const percent = total > 0 ? (done / total) * 100 : files > 0 ? (filesDone / files) * 100 : 0;
  return { percent: Math.min(100, percent), message: words.join(' · ') };
}

/** "Uploading data and 3 more", "Downloading 2 selections". */
export function headingOf(transfers: readonly Transfer[]): string {
  const underWay = transfers.filter(isUnderWay);
  const [first] = underWay;
  if (!first) return 'Transferring';
  const directions = new Set(underWay.map(({ direction }) => direction));
  const verb = directions.size > 1 ? 'Transferring' : first.direction === 'upload' ? 'Uploading' : 'Downloading';
  return underWay.length === 1 ? `${verb} ${first.title}` : `${verb} ${underWay.length} selections`;
}
