import { printable } from '../base/remoteText.js';
import { asTitle, type Finding, finding } from './finding.js';
import { lineOf } from './machineFindings.js';
import { type OllamaAnswer, readVersion } from './ollamaProbe.js';
import { listeningAddresses, reachedByLoopback } from '../base/procNet.js';
import type { Answers } from './remoteAnswers.js';

/** Whether the SSH server opens connections on the machine for us, which the tunnel to Ollama is made of. */
export function forwardingFinding(answer: OllamaAnswer): Finding {
  if (answer.kind === 'prohibited')
    return finding('Forwarding', 'problem', asTitle(answer.error.message), { hint: answer.error.hint });
  return finding('Forwarding', 'ok', 'The SSH server forwards connections');
}

/** Whether Ollama is there, runs, and is reached where it is looked for. */
export function ollamaFinding(answer: OllamaAnswer, answers: Answers, port: number): Finding {
  const here = `port ${port}`;
  switch (answer.kind) {
    case 'version':
      return finding('Ollama', 'ok', `Ollama ${answer.version} answers on ${here}`);
    case 'other':
      return finding('Ollama', 'problem', `What answers on ${here} of the machine is not Ollama`, {
        hint: 'Check "dgxSpark.ollama.remotePort", and which program has the port ("sudo ss -ltnp").',
      });
    case 'silent':
      return finding('Ollama', 'problem', `Ollama accepts connections on ${here} but does not answer`, {
        hint: 'Run "sudo systemctl restart ollama" on the machine.',
      });
    case 'refused':
      return whereItIs(answers, port);
    case 'prohibited': {
      // the machine itself has asked too
      const version = readVersion(answers.get('version')?.text ?? '');
      if (version !== undefined)
        return finding('Ollama', 'ok', `Ollama ${version} answers on ${here} of the machine`, {
          detail: 'It cannot be reached from here as long as the SSH server does not forward connections.',
        });
      return whereItIs(answers, port);
    }
  }
}

/** Why nothing answers where Ollama is looked for. */
function whereItIs(answers: Answers, port: number): Finding {
  const addresses = listeningAddresses(answers.get('listeners')?.text ?? '');
  if (addresses.length > 0 && !reachedByLoopback(addresses))
    return finding('Ollama', 'problem', `Ollama listens on ${addresses.slice(0, 4).join(', ')}, but not on 127.0.0.1`, {
      hint: 'Run "sudo systemctl edit ollama" and set Environment="OLLAMA_HOST=127.0.0.1" under [Service] (or 0.0.0.0, when other machines use it too), then "sudo systemctl restart ollama".',
    });
  const program = lineOf(answers, 'ollama');
  const service = printable(answers.get('service')?.text ?? '', 40);
  if (service === 'active')
    return finding('Ollama', 'problem', `Ollama runs, but nothing listens on port ${port}`, {
      hint: 'It may still be starting, or listen on another port: see "systemctl status ollama" and "dgxSpark.ollama.remotePort".',
    });
  if (service === 'failed')
    return finding('Ollama', 'problem', 'Ollama is installed but fails to start', {
      hint: 'Run "journalctl -u ollama -n 50" on the machine to see why.',
    });
  if (program !== undefined || service === 'activating')
    return finding('Ollama', 'problem', 'Ollama is installed but does not run', {
      hint: 'Run "sudo systemctl enable --now ollama", or "ollama serve" where it was installed without a service.',
    });
  return finding('Ollama', 'warning', `Ollama is not installed, and nothing else answers on port ${port}`, {
    hint: 'Install it on the machine ("curl -fsSL https://ollama.com/install.sh | sh"), or set "dgxSpark.ollama.remotePort" to where it listens.',
  });
}
