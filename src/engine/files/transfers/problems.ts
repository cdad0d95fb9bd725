import { SparkError } from '../../../shared/errors.js';
import { MOST_PROBLEMS, type TransferResult } from '../../../shared/transfers.js';
import { isLost } from '../channels.js';
import { concernsAll } from './localErrors.js';

/** Notes something that could not be transferred; throws where everything else would fail likewise. */
export function noteProblem(result: TransferResult, error: unknown): void {
  if (isLost(error) || SparkError.is(error, 'cancelled') || concernsAll(error)) throw error;
  result.problemCount += 1;
  if (result.problems.length < MOST_PROBLEMS) result.problems.push(SparkError.toInfo(error).message);
}
