import { printable } from '../base/remoteText.js';
import { type Finding, finding } from './finding.js';
import type { Answer, Answers } from './remoteAnswers.js';
import type { Part } from './remoteScript.js';

/** A disk fuller than this is worth a warning. */
const FULL_PERCENT = 90;
/** Less memory than this share, and a DGX Spark comes near to freezing. */
const LOW_MEMORY = 0.05;
/** Clocks that are further apart break one-time codes, and charts look odd. */
const CLOCK_SECONDS = 5;

/** A step whose part of the script has no answer, because it was never reached or never ended. */
export function unanswered(step: string, answer: Answer | undefined): Finding {
  return answer === undefined
    ? finding(step, 'skipped', 'Not looked at')
    : finding(step, 'warning', 'The machine did not answer in time', {
        hint: 'It may be very busy: try again in a while.',
      });
}

/** What the machine is. */
export function systemFinding(answers: Answers): Finding {
  const host = lineOf(answers, 'host');
  const kernel = lineOf(answers, 'kernel');
  if (host === undefined && kernel === undefined) return unanswered('System', answers.get('host'));
  const release = answers.get('release')?.text ?? '';
  // the last version counts: updates write theirs below the one that was installed
  const field = (name: string) => new RegExp(`^${name} (.+)$`, 'gm');
  const last = (name: string) => [...release.matchAll(field(name))].at(-1)?.[1]?.replace(/["']/g, '');
  const dgx = [last('dgx'), last('version')].filter(Boolean).join(' ');
  const parts = [dgx, last('os'), kernel].flatMap(text => (text ? [printable(text, 80)] : []));
  return finding('System', 'ok', `${host ?? 'The machine'}: ${parts.join(', ')}`);
}

/**
 * How far the clock of the machine is from ours. What it said is whole seconds, and was said at some time between asking and hearing it; only a
 * difference that is left when both are taken into account is one.
 */
export function clockFinding(answer: Answer | undefined, asked: number, heard: number | undefined): Finding {
  const text = answer?.text ?? '';
  if (heard === undefined || !/^\d{1,12}$/.test(text)) return unanswered('Clock', undefined);
  const difference = Number(text) + 0.5 - (asked + heard) / 2000;
  const uncertain = Math.max(0, heard - asked) / 2000 + 0.5;
  const certain = Math.abs(difference) - uncertain;
  if (certain <= CLOCK_SECONDS) return finding('Clock', 'ok', 'The clock of the machine agrees with the one here');
  const direction = difference < 0 ? 'behind' : 'ahead of';
  return finding('Clock', 'warning', `The clock of the machine is ${duration(certain)} ${direction} the one here`, {
    hint: 'Have both set by the network: on the machine "sudo timedatectl set-ntp true".',
  });
}

/** How much memory programs can still get; on a DGX Spark the GPU lives on the same. */
export function memoryFinding(answer: Answer | undefined): Finding {
  const kiB = (key: string) => Number(new RegExp(`^${key}: +(\\d{1,15}) kB$`, 'm').exec(answer?.text ?? '')?.[1]);
  const total = kiB('MemTotal');
  const available = kiB('MemAvailable');
  if (!(total > 0) || !(available >= 0)) return unanswered('Memory', answer?.status === undefined ? answer : undefined);
  const title = `${size(available)} of ${size(total)} available`;
  if (available / total >= LOW_MEMORY) return finding('Memory', 'ok', title);
  return finding('Memory', 'warning', title, {
    hint: 'A DGX Spark freezes when its memory is used up: unload models ("ollama stop") or end programs.',
  });
}

/** How full the file systems of / and of the home folder are, from `df -P` (POSIX). */
export function diskFinding(answer: Answer | undefined): Finding {
  const rows = (answer?.text ?? '').split('\n').flatMap(line => {
    const match = /^.+? +\d+ +\d+ +(-?\d{1,18}) +(\d{1,3})% +(\/.*)$/.exec(line);
    return match ? [{ free: Number(match[1]), used: Number(match[2]), mount: printable(match[3] ?? '', 60) }] : [];
  });
  const byMount = [...new Map(rows.map(row => [row.mount, row])).values()].slice(0, 2);
  if (byMount.length === 0)
    return unanswered('Disk', answer?.status === undefined || answer.status === 124 ? answer : undefined);
  const title = byMount.map(({ free, used, mount }) => `${mount} is ${used} % full, ${size(free)} free`).join('; ');
  if (byMount.every(({ used }) => used <= FULL_PERCENT)) return finding('Disk', 'ok', title);
  return finding('Disk', 'warning', title, {
    hint: 'Make room: "ollama rm" and "docker system prune" free the most, and "du -xh --max-depth=1 ~" shows what is big.',
  });
}

/** The one line of a part that went well. */
export function lineOf(answers: Answers, part: Part): string | undefined {
  const answer = answers.get(part);
  const line = printable(answer?.text.split('\n', 1)[0] ?? '', 80);
  return answer?.status === 0 && line !== '' ? line : undefined;
}

/** `1.5 TiB` of a number of KiB. */
function size(kiB: number): string {
  const units = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  const steps = kiB < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(kiB) / 10));
  return `${(kiB / 1024 ** steps).toFixed(steps === 0 ? 0 : 1)} ${units[steps] ?? ''}`;
}

function duration(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} seconds`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} minutes`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} hours` : `${Math.round(seconds / 86_400)} days`;
}
