import type { ConflictChoice, TransferRequest } from '../../../shared/transfers.js';
import { isDropped, type Plan } from './plan.js';
import type { AskConflict } from './types.js';

/**
 * Decides what happens where something is in the way, as the user says or said beforehand. A choice that one of them does not have (a file does not
 * go over a folder) counts as keeping both.
 */
export async function decideConflicts(
  plan: Plan,
  { direction, onConflict }: Pick<TransferRequest, 'direction' | 'onConflict'>,
  where: (conflict: Plan['conflicts'][number]) => string,
  ask: AskConflict,
  signal: AbortSignal,
): Promise<void> {
  let forAll: ConflictChoice | undefined = onConflict === 'ask' ? undefined : onConflict;
  for (const [index, conflict] of plan.conflicts.entries()) {
    const { name, coming, there, choices, folder } = conflict;
    if (isDropped(folder)) continue;
    let choice = forAll;
    if (choice === undefined) {
      const more = plan.conflicts.length - index - 1;
      const question = { direction, name, folder: where(conflict), coming, there, choices: [...choices], more };
      const answer = await ask(question, signal);
      ({ choice } = answer);
      if (answer.forAll) forAll = choice;
    }
    conflict.decide(choices.includes(choice) ? choice : 'keepBoth');
  }
}
