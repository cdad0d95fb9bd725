import type { ErrorInfo } from '../../shared/errors.js';
import { printable } from '../base/remoteText.js';
import { asTitle, type Finding, finding } from './finding.js';
import { unanswered } from './machineFindings.js';
import type { Answer, Answers } from './remoteAnswers.js';

/** Exit status of `timeout`, and of a shell that does not find a program. */
const ENDED = 124;
const MISSING = 127;

/** Whether a program neither answered nor failed. */
export function hung(answer: Answer): boolean {
  return answer.status === undefined || answer.status === ENDED;
}

/**
 * The GPUs and their driver.
 * @param explain what nvidia-smi means by what it prints when it fails
 */
export function gpuFinding(
  answer: Answer | undefined,
  explain: (status: number, output: string) => ErrorInfo,
): Finding {
  if (answer === undefined) return unanswered('GPU', answer);
  if (hung(answer))
    return finding('GPU', 'problem', 'nvidia-smi does not answer', {
      hint: 'The driver is stuck: restart the machine. If it comes back, look for "Xid" in the output of "sudo dmesg".',
    });
  const gpus = answer.text.split('\n').flatMap(line => {
    const match = /^([^,]+), *(\d[\d.]*)$/.exec(line.trim());
    return match ? [{ name: printable(match[1] ?? '', 60), driver: match[2] ?? '' }] : [];
  });
  const [first] = gpus;
  if (answer.status !== 0 || first === undefined) {
    const { message, hint } = explain(answer.status ?? 0, answer.text);
    return finding('GPU', 'problem', asTitle(message), { hint });
  }
  const names = [...new Set(gpus.map(({ name }) => name))].map(name => {
    const count = gpus.filter(gpu => gpu.name === name).length;
    return count === 1 ? name : `${count} × ${name}`;
  });
  return finding('GPU', 'ok', `${names.join(', ')}, driver ${printable(first.driver, 30)}`);
}

/** Whether the user can use Docker. */
export function dockerFinding(answers: Answers): Finding {
  const answer = answers.get('daemon');
  if (answer === undefined) return unanswered('Docker', answer);
  if (answers.get('docker')?.status !== 0 || answer.status === MISSING)
    return finding('Docker', 'warning', 'Docker is not installed on the machine', {
      hint: 'Containers need it; DGX OS comes with it, elsewhere "sudo apt install docker.io" brings it.',
    });
  if (hung(answer))
    return finding('Docker', 'problem', 'Docker does not answer', { hint: 'Run "sudo systemctl restart docker".' });
  const detail = printable(answer.text.split('\n', 1)[0] ?? '', 200);
  if (answer.status === 0) {
    // warnings about its settings may come before it
    const version = /^v?\d[\w.+~-]{0,40}$/m.exec(answer.text)?.[0];
    return finding('Docker', 'ok', version === undefined ? 'Docker answers' : `Docker ${version}`);
  }
  if (/permission denied/i.test(answer.text)) {
    const isMember = (part: 'groups' | 'account') => (answers.get(part)?.text ?? '').split(/\s+/).includes('docker');
    // a login keeps the groups that it began with, and ours may be days old
    if (isMember('account') && !isMember('groups'))
      return finding('Docker', 'problem', 'This user may use Docker, but not yet in this connection', {
        detail,
        hint: 'The user was added to the group "docker" after the connection was made: disconnect and connect again.',
      });
    return finding('Docker', 'problem', 'This user may not use Docker', {
      detail,
      hint: 'Run "sudo usermod -aG docker $USER" on the machine, then disconnect and connect again.',
    });
  }
  if (/cannot connect|is the docker daemon running|no such file|connection refused/i.test(answer.text))
    return finding('Docker', 'problem', 'Docker is installed but does not run', {
      detail,
      hint: 'Run "sudo systemctl enable --now docker" on the machine.',
    });
  return finding('Docker', 'problem', 'Docker does not work', {
    detail,
    hint: 'Run "docker version" in a terminal on the machine to see what it says.',
  });
}
