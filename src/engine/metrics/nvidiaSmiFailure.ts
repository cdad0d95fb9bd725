import type { ErrorInfo } from '../../shared/errors.js';
import { printable } from '../base/remoteText.js';

const MAX_QUOTE_LENGTH = 160;

interface Rule {
  /** Exit status of nvidia-smi that means this whatever it prints. */
  readonly status?: number;
  readonly says?: RegExp;
  readonly message: string;
  readonly hint: string;
}

const REBOOT = 'Restart the machine.';

/** What nvidia-smi prints instead of XML, in its own words and exit statuses (`man nvidia-smi`, "RETURN VALUE"). */
const RULES: readonly Rule[] = [
  {
    status: 18,
    says: /Driver\/library version mismatch/i,
    message: 'The NVIDIA driver was updated but the old one is still running.',
    hint: REBOOT,
  },
  {
    status: 9,
    says: /couldn't communicate with the NVIDIA driver|Driver Not Loaded/i,
    message: 'The NVIDIA driver is not running on the machine.',
    hint: 'Restart the machine; if that does not help, install the NVIDIA driver for its kernel again.',
  },
  {
    status: 15,
    says: /GPU is lost|fallen off the bus/i,
    message: 'The driver has lost contact with a GPU.',
    hint: REBOOT,
  },
  {
    says: /Unable to determine the device handle/i,
    message: 'The driver does not reach a GPU.',
    hint: 'Restart the machine; if it comes back, look for "Xid" in the output of "sudo dmesg".',
  },
  {
    status: 6,
    says: /No devices were found/i,
    message: 'The NVIDIA driver finds no GPU in the machine.',
    hint: 'Look for "NVRM" in the output of "sudo dmesg" on the machine.',
  },
  {
    status: 12,
    says: /couldn't find libnvidia-ml/i,
    message: 'A part of the NVIDIA driver (libnvidia-ml) is missing on the machine.',
    hint: 'Install the NVIDIA driver again.',
  },
  {
    status: 4,
    says: /Insufficient Permissions|Permission denied/i,
    message: 'The user may not run nvidia-smi on the machine.',
    hint: 'Log in as a user who may use the GPU.',
  },
  {
    status: 126,
    message: 'nvidia-smi is on the machine but cannot be run.',
    hint: 'Run "nvidia-smi" in a terminal on the machine to see why.',
  },
];

/** nvidia-smi is not installed. */
export const NVIDIA_SMI_MISSING: ErrorInfo = {
  code: 'nvidiaSmiMissing',
  message: 'nvidia-smi was not found on the machine.',
  hint: 'Install the NVIDIA driver, or add the folder of nvidia-smi to the PATH of non-interactive logins.',
};

/** nvidia-smi's exit status when it finds no GPU. */
export const NO_DEVICES = 6;

/** Whether an output says what is wrong in words that are known. */
export function isKnownFailure(output: string): boolean {
  return RULES.some(({ says }) => says?.test(output));
}

/**
 * Why an output holds no readings, in plain words.
 * @param status exit status, over 128 128 + the number of the signal that ended it; null where it is not known
 * @param output what it printed, errors included
 */
export function explainFailure(status: number | null, output: string): ErrorInfo {
  const rule =
    RULES.find(({ says }) => says?.test(output)) ?? RULES.find(known => known.status === status && status !== 0);
  if (rule) return failed(rule.message, rule.hint);
  if (status === 127) return NVIDIA_SMI_MISSING;
  const hint = 'Run "nvidia-smi" in a terminal on the machine to see what it says.';
  const quote = firstLine(output);
  if (status !== null && status > 128) return failed(`nvidia-smi was ended by signal ${status - 128}.`, hint);
  if (status !== null && status !== 0)
    return failed(`nvidia-smi failed with exit status ${status}${quote === '' ? '' : `: ${quote}`}.`, hint);
  if (status === null && /^\w/.test(quote)) return failed(`nvidia-smi failed: ${quote}.`, hint);
  return failed(quote === '' ? 'nvidia-smi printed nothing.' : 'nvidia-smi printed something unreadable.', hint);
}

/** The driver has lost the GPUs with these positions; the others go on. */
export function lostGpus(indexes: readonly number[]): ErrorInfo {
  const which = indexes.length === 1 ? `GPU ${String(indexes[0])}` : `GPUs ${indexes.join(', ')}`;
  return failed(`The driver has lost contact with ${which}.`, REBOOT);
}

/** Only a part of the document came. */
export function cutShort(output: string): ErrorInfo {
  if (isKnownFailure(output)) return explainFailure(null, output);
  return failed('nvidia-smi did not print all of its output.', 'It is asked again by itself.');
}

function failed(message: string, hint: string): ErrorInfo {
  return { code: 'nvidiaSmiFailed', message, hint };
}

function firstLine(output: string): string {
  const line = output.trimStart().split('\n', 1)[0] ?? '';
  return printable(line.slice(0, 10 * MAX_QUOTE_LENGTH), MAX_QUOTE_LENGTH).replace(/\.+$/, '');
}
