import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Emitter } from '../../../src/engine/base/emitter.js';
import { Ollama } from '../../spark/ollama/server.js';
import { freePort } from '../../support/sshd.js';
import { newService, nobody } from './workshop.js';

const INPUTS = ['rivers', 'bridges', 'boats'];

describe('a run that was killed', () => {
  let folder: string;
  let path: string;
  let ollama: Ollama;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'dgxs-resume-'));
    ollama = new Ollama(3);
    const port = await freePort();
    await ollama.listen(port);
    path = join(folder, 'resume.chain.yaml');
    writeFileSync(
      path,
      `model: llama3.1:8b
endpoint: http://127.0.0.1:${port}
concurrency: 1
inputs: ${JSON.stringify(INPUTS)}
steps:
  - name: draft
    prompt: Write about {{input}}.
  - name: short
    prompt: "Shorten for {{input}}: {{steps.draft}}"
outputs: { all: "{{steps.short}}" }
`,
    );
  });
  after(async () => {
    await ollama.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** What an engine asks that begins with these results; and what the results are when it has ended. */
  async function run(results: string): Promise<{ asked: string[]; continued: boolean; runId: string }> {
    writeFileSync(`${path}.results.jsonl`, results);
    ollama.chats.length = 0;
    const changes = new Emitter<undefined>();
    const service = newService(changes);
    try {
      const { signal } = new AbortController();
      const params = { path, folder, mayAsk: false } as const;
      const started = await service.start({ ...params, how: 'continue', askFailedAgain: false }, nobody, signal);
      assert.equal(started.kind, 'started');
      const { passed } = await service.wait(started.run.runId);
      assert.equal(passed, INPUTS.length);
      const { rows } = await service.rows({ path, runId: started.run.runId, from: 0, count: 10 });
      assert.deepEqual(
        rows.map(({ input, state, cells }) => [input, state, cells.map(cell => cell.state).join()]),
        INPUTS.map(input => [input, 'passed', 'passed,passed']),
      );
      const asked = ollama.chats.map(({ messages }) => (messages as { content: string }[]).at(-1)?.content ?? '');
      return { asked, continued: started.continued, runId: started.run.runId };
    } finally {
      await service.close();
      service.dispose();
      changes.dispose();
    }
  }

  it('asks only for what is not in its results, wherever it was cut off', async () => {
    const whole = await run('');
    assert.equal(whole.asked.length, 2 * INPUTS.length);
    const lines = readFileSync(`${path}.results.jsonl`, 'utf8').trimEnd().split('\n');
    const kinds = lines.map(line => (JSON.parse(line) as { kind: string }).kind);
    assert.equal(kinds.at(-1), 'end');
    // killed after each line, and in the middle of the next
    for (let kept = 1; kept < lines.length; kept++)
      for (const torn of ['', (lines[kept] ?? '').slice(0, 40)]) {
        const known = lines.slice(0, kept);
        const done = kinds.slice(0, kept).filter(kind => kind === 'step').length;
        const { asked, continued, runId } = await run(`${known.join('\n')}\n${torn}`);
        const where = `after ${kept} lines${torn && ' and a half'}`;
        assert.equal(continued, true, where);
        assert.equal(runId, whole.runId, where);
        assert.equal(asked.length, whole.asked.length - done, where);
        assert.equal(new Set(asked).size, asked.length, where);
        const now = readFileSync(`${path}.results.jsonl`, 'utf8');
        assert.ok(now.startsWith(known.join('\n')), `${where}: what was there is kept`);
      }
  });

  it('begins anew when it had come to its end', async () => {
    const first = await run('');
    const again = await run(readFileSync(`${path}.results.jsonl`, 'utf8'));
    assert.equal(again.continued, false);
    assert.notEqual(again.runId, first.runId);
    assert.equal(again.asked.length, 2 * INPUTS.length);
  });

  it('asks again what the chain has changed, and nothing else', async () => {
    const first = await run('');
    const unended = readFileSync(`${path}.results.jsonl`, 'utf8').trimEnd().split('\n').slice(0, -1).join('\n');
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.replace('Shorten for', 'Shorten well for'));
    try {
      const again = await run(`${unended}\n`);
      assert.equal(again.runId, first.runId);
      assert.deepEqual(
        again.asked.map(prompt => prompt.slice(0, 12)),
        INPUTS.map(() => 'Shorten well'),
      );
    } finally {
      writeFileSync(path, text);
    }
  });
});
