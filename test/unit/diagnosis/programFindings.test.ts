import assert from 'node:assert/strict';
import type { Finding } from '../../../src/engine/diagnosis/finding.js';
import { forwardingFinding, ollamaFinding } from '../../../src/engine/diagnosis/ollamaFindings.js';
import type { OllamaAnswer } from '../../../src/engine/diagnosis/ollamaProbe.js';
import { dockerFinding, gpuFinding } from '../../../src/engine/diagnosis/programFindings.js';
import type { Answer } from '../../../src/engine/diagnosis/remoteAnswers.js';
import type { Part } from '../../../src/engine/diagnosis/remoteScript.js';
import { algorithmsFinding } from '../../../src/engine/diagnosis/serverFindings.js';
import { explainFailure } from '../../../src/engine/metrics/nvidiaSmiFailure.js';
import { chooseAlgorithms } from '../../../src/engine/ssh/algorithms.js';

const said = (text: string, status = 0): Answer => ({ text, status });
/** It began and never came to an end. */
const HUNG: Answer = { text: '', status: undefined };
const all = (answers: Partial<Record<Part, Answer>>) => new Map(Object.entries(answers) as [Part, Answer][]);

/** A warning or problem has something to do about it. */
function isUseful(found: Finding, state: Finding['state'], title: RegExp, hint?: RegExp): void {
  assert.equal(found.state, state);
  assert.match(found.title, title);
  assert.doesNotMatch(found.title, /\.$/);
  if (state === 'problem' || state === 'warning') assert.match(found.hint ?? '', hint ?? /./);
}

describe('the finding about the GPU', () => {
  const check = (answer: Answer | undefined) => gpuFinding(answer, explainFailure);

  it('names what is there and its driver', () => {
    assert.equal(check(said('NVIDIA GB10, 580.126.09')).title, 'NVIDIA GB10, driver 580.126.09');
    const two = check(said('NVIDIA A100, 550.54.15\nNVIDIA A100, 550.54.15\nNVIDIA T4, 550.54.15'));
    assert.equal(two.title, '2 × NVIDIA A100, NVIDIA T4, driver 550.54.15');
  });

  it('says why there is none', () => {
    isUseful(check(said('sh: nvidia-smi: not found', 127)), 'problem', /was not found/, /Install/);
    isUseful(check(said('Failed to initialize NVML: Driver/library version mismatch', 18)), 'problem', /updated/);
    isUseful(check(said('No devices were found', 6)), 'problem', /no GPU/);
    isUseful(check(said('garbage\u001b[31m')), 'problem', /unreadable/);
    isUseful(check(said('', 124)), 'problem', /does not answer/, /restart/);
    isUseful(check(HUNG), 'problem', /does not answer/);
    isUseful(check(undefined), 'skipped', /Not looked at/);
  });
});

describe('the finding about Docker', () => {
  const DENIED = 'permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock';
  const check = (daemon: Answer | undefined, more: Partial<Record<Part, Answer>> = {}) =>
    dockerFinding(all({ docker: said('/usr/bin/docker'), ...(daemon && { daemon }), ...more }));

  it('names its version', () => {
    assert.equal(check(said('28.3.3')).title, 'Docker 28.3.3');
    assert.equal(check(said('WARNING: Error loading config file: x\n28.3.3-ce')).title, 'Docker 28.3.3-ce');
    assert.equal(check(said('<no value>')).title, 'Docker answers');
  });

  it('tells a user without the right from one whose connection is older than the right', () => {
    const groups = said('spark sudo');
    isUseful(check(said(DENIED, 1), { groups, account: groups }), 'problem', /may not use/, /usermod -aG docker/);
    const added = { groups, account: said('spark sudo docker') };
    isUseful(check(said(DENIED, 1), added), 'problem', /not yet/, /disconnect and connect again/);
  });

  it('says what else is wrong', () => {
    const down = 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?';
    isUseful(check(said(down, 1)), 'problem', /does not run/, /systemctl enable --now docker/);
    isUseful(check(said('', 124)), 'problem', /does not answer/);
    isUseful(check(said('template parsing error', 64)), 'problem', /does not work/);
    isUseful(check(said('', 127), { docker: said('', 127) }), 'warning', /not installed/);
    isUseful(check(undefined), 'skipped', /Not looked at/);
  });
});

describe('the findings about Ollama', () => {
  const PROHIBITED: OllamaAnswer = {
    kind: 'prohibited',
    error: { code: 'forwardRefused', message: 'It does not allow it.', hint: 'Set "AllowTcpForwarding yes".' },
  };
  const check = (answer: OllamaAnswer, answers: Partial<Record<Part, Answer>> = {}) =>
    ollamaFinding(answer, all(answers), 11434);
  const refused: OllamaAnswer = { kind: 'refused' };
  const binary = { ollama: said('/usr/local/bin/ollama') };

  it('go by what answers, whatever else was found', () => {
    isUseful(check({ kind: 'version', version: '0.12.3' }), 'ok', /^Ollama 0\.12\.3 answers on port 11434$/);
    isUseful(check({ kind: 'other' }), 'problem', /is not Ollama/, /remotePort/);
    isUseful(check({ kind: 'silent' }, binary), 'problem', /does not answer/, /restart ollama/);
  });

  it('say why nothing does', () => {
    const elsewhere = { listeners: said('  0: 1401A8C0:2CAA 00000000:0000 0A 0') };
    isUseful(
      check(refused, { ...binary, ...elsewhere }),
      'problem',
      /listens on 192\.168\.1\.20, but not/,
      /OLLAMA_HOST/,
    );
    isUseful(check(refused, { ...binary, service: said('inactive', 3) }), 'problem', /does not run/, /enable --now/);
    isUseful(check(refused, { ...binary, service: said('failed', 3) }), 'problem', /fails to start/, /journalctl/);
    isUseful(check(refused, { ...binary, service: said('active') }), 'problem', /nothing listens on port/);
    isUseful(check(refused, { ollama: said('', 127), service: said('inactive', 4) }), 'warning', /not installed/);
    isUseful(check(refused), 'warning', /not installed/);
  });

  it('tell a server that does not forward from an Ollama that is not there', () => {
    isUseful(forwardingFinding(PROHIBITED), 'problem', /does not allow/, /AllowTcpForwarding/);
    isUseful(forwardingFinding(refused), 'ok', /forwards/);
    isUseful(check(PROHIBITED, { version: said('{"version":"0.12.3"}') }), 'ok', /0\.12\.3 answers .* of the machine/);
    isUseful(check(PROHIBITED, { version: said('curl: (7) Failed to connect', 7) }), 'warning', /not installed/);
  });
});

describe('the finding about algorithms', () => {
  const { kex, serverHostKey, cipher, hmac } = chooseAlgorithms({}, []);
  const supported = { keyExchange: kex, hostKey: serverHostKey, cipher, mac: hmac };

  it('names what would be agreed on', () => {
    const found = algorithmsFinding(supported, supported);
    isUseful(found, 'ok', new RegExp(`${kex[0]!}, ${serverHostKey[0]!}, ${cipher[0]!}$`));
  });

  it('names what is missing, and what the server has instead', () => {
    const old = { ...supported, keyExchange: ['diffie-hellman-group1-sha1'], hostKey: ['ssh-dss'] };
    const found = algorithmsFinding(old, supported);
    isUseful(found, 'problem', /way of exchanging keys and no common type of host key/, /sshd_config/);
    assert.match(found.detail ?? '', /diffie-hellman-group1-sha1/);
  });

  it('needs a MAC only for ciphers without one of their own', () => {
    const noMac = { ...supported, mac: ['hmac-md5'] };
    assert.equal(algorithmsFinding(noMac, supported).state, 'ok');
    assert.equal(algorithmsFinding({ ...noMac, cipher: ['aes128-ctr'] }, supported).state, 'problem');
  });

  it('is silent about a server that did not say', () => {
    isUseful(algorithmsFinding(undefined, supported), 'skipped', /did not say/);
  });
});
