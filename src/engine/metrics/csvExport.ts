import { open, rename, rm } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { SparkError } from '../../shared/errors.js';
import type { ExportRows } from '../store/exportRows.js';

/**
 * Writes rows as CSV (RFC 4180), piece by piece; the file has its name when it is whole. A value that is not known is an empty
 * field. Rejects with `cancelled`, and leaves nothing then.
 * @param onProgress told of the rows that are written
 * @returns how many rows were written
 */
export async function writeCsv(
  file: string,
  rows: ExportRows,
  signal: AbortSignal,
  onProgress: (written: number) => void = () => undefined,
): Promise<number> {
  if (!isAbsolute(file))
    throw new SparkError({ code: 'invalidInput', message: 'The path of the file must be absolute.', field: 'file' });
  const partial = `${file}.part`;
  try {
    const handle = await open(partial, 'w');
    let written = 0;
    try {
      await handle.write(lineOf(rows.header));
      for (const page of rows.pages()) {
        if (signal.aborted) throw new SparkError({ code: 'cancelled', message: 'The export was cancelled.' });
        await handle.write(page.map(lineOf).join(''));
        written += page.length;
        onProgress(written);
      }
    } finally {
      await handle.close();
    }
    await rename(partial, file);
    return written;
  } catch (error) {
    await rm(partial, { force: true }).catch(() => undefined);
    if (SparkError.is(error)) throw error;
    throw new SparkError(
      {
        code: 'invalidInput',
        message: 'The file could not be written.',
        hint: 'Choose a folder that you may write to, on a disk with room left.',
        field: 'file',
      },
      { cause: error },
    );
  }
}

function lineOf(values: readonly (string | number | null)[]): string {
  return `${values.map(value => (value === null ? '' : typeof value === 'number' ? rounded(value) : value)).join(',')}\r\n`;
}

/** Means have more digits than anybody has measured. */
function rounded(value: number): string {
  return String(Math.round(value * 100) / 100);
}
