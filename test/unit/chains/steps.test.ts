import assert from 'node:assert/strict';
import { type Asked, Workshop } from './workshop.js';

const ONE_STEP = (rest: string) => `inputs: [{ topic: rivers }]
steps:
  - name: answer
    prompt: Write about {{input.topic}}.
${rest}`;

const said = ({ messages }: Asked) => messages.at(-1)?.content ?? '';

describe('steps of a chain', () => {
  let workshop: Workshop;
  beforeEach(async () => {
    workshop = await Workshop.open();
  });
  afterEach(async () => {
    await workshop.close();
  });

  it('are judged by a model, and asked again with its reason', async () => {
    const scores = [
      'no JSON',
      '{"score": 3, "reason": "Too dry."}',
      '{"score": 85}',
      '{"score": 8, "reason": "Lively."}',
    ];
    workshop.script = { chat: ({ model }) => (model === 'judge' ? (scores.shift() ?? '') : 'A text.') };
    const path = workshop.write(
      'judged',
      ONE_STEP('    checks: [{ judge: { prompt: "Is it lively?", model: judge, threshold: 7 } }]\n    retries: 1\n'),
    );
    const { passed, runId, tokens } = await workshop.run(path);
    assert.equal(passed, 1);
    const { attempts } = await workshop.cell(path, runId, 0, 'answer');
    assert.deepEqual(
      attempts.map(({ checks }) => checks.map(check => [check.passed, check.detail])),
      [
        [[false, 'The judge gave it 3 of 10, but 7 is needed. Too dry.']],
        [[true, 'The judge gave it 8 of 10. Lively.']],
      ],
    );
    const again = workshop.chats.filter(({ model }) => model === 'writer')[1];
    assert.ok(again);
    assert.match(said(again), /Too dry\./);
    // two answers, four judgements: what is no score of ten is asked for again
    assert.equal(tokens, 6 * 5);
    assert.match(said(workshop.chats[1] ?? again), /Is it lively\?\n\nThe answer to judge:\n\nA text\./);
  });

  it('are compared with a text by an embedding model', async () => {
    workshop.script = { embed: text => (text === 'rivers' ? [1, 0] : [0.6, 0.8]) };
    const path = workshop.write(
      'similar',
      ONE_STEP('    checks: [{ similar: { to: "{{input.topic}}", model: embedder } }]\n'),
    );
    const { failed, runId } = await workshop.run(path);
    assert.equal(failed, 1);
    assert.deepEqual(workshop.embedded, ['An answer.', 'rivers']);
    const [row] = await workshop.rows(path, runId);
    assert.equal(row?.cells[0]?.reason, 'Its similarity is 0.60, but must be at least 0.8.');
  });

  it('hand parts of their JSON on, and keep to its schema', async () => {
    const answers = ['{"title": 7}', '{"title": "Water"}', 'Fine.'];
    workshop.script = { chat: () => answers.shift() ?? '' };
    const path = workshop.write(
      'json',
      `${ONE_STEP('    retries: 1\n    output: { schema: { type: object, required: [title], properties: { title: { type: string } } } }\n')}  - name: next
    prompt: "Continue {{steps.answer.json.title}}"
outputs: { title: "{{steps.answer.json.title}}" }
`,
    );
    const { passed, runId } = await workshop.run(path);
    assert.equal(passed, 1);
    assert.deepEqual(workshop.chats.map(said).at(-1), 'Continue Water');
    assert.deepEqual((workshop.chats[0]?.format as { required?: unknown }).required, ['title']);
    assert.deepEqual((await workshop.rows(path, runId))[0]?.outputs, ['Water']);
  });

  it('are left out when what they need has no answer', async () => {
    workshop.script = { chat: () => 'no JSON' };
    const path = workshop.write(
      'skipped',
      `${ONE_STEP('    output: json\n')}  - name: next
    prompt: "Continue {{steps.answer.json.title}}"
  - name: last
    prompt: "And {{steps.next}}"
`,
    );
    const { failed, runId } = await workshop.run(path);
    assert.equal(failed, 1);
    const [row] = await workshop.rows(path, runId);
    assert.deepEqual(
      row?.cells.map(({ state, reason }) => [state, reason]),
      [
        ['failed', 'It is not valid JSON.'],
        ['error', '{{steps.answer.json.title}}: the answer is not JSON.'],
        ['skipped', '"next" has no answer.'],
      ],
    );
    assert.equal(workshop.chats.length, 1);
  });

  it('run for inputs that a prompt came up with, each once', async () => {
    const ideas = [
      ['rivers', 'boats', 'rivers'],
      ['boats', 'dams'],
      ['locks', 'weirs'],
    ];
    workshop.script = {
      chat: ({ format }) => (format === undefined ? 'Text.' : JSON.stringify({ inputs: ideas.shift() ?? [] })),
    };
    const path = workshop.write(
      'generated',
      `inputs: { generate: { prompt: "Name {{count}} topics.", count: 4 } }
steps: [{ name: answer, prompt: "About {{input}}." }]
`,
    );
    const { passed } = await workshop.run(path);
    assert.equal(passed, 4);
    const [first, second, third, ...rest] = workshop.chats.map(said);
    assert.match(first ?? '', /Name 4 topics/);
    assert.match(second ?? '', /Name 2 topics[^]*rivers[^]*boats/);
    assert.match(third ?? '', /Name 1 topics/);
    assert.deepEqual(
      rest,
      ['rivers', 'boats', 'dams', 'locks'].map(topic => `About ${topic}.`),
    );
  });

  it('are exported with every field that any input has, and with what would be a formula as a text', async () => {
    workshop.script = { chat: () => '=1+1' };
    const path = workshop.write(
      'exported',
      'inputs: [{ a: 1 }, { a: 2, b: "x,y" }, plain]\nsteps: [{ name: answer, prompt: "About {{input}}." }]\n',
    );
    const { runId } = await workshop.run(path);
    const rows = (await workshop.csv(path, runId)).trimEnd().split('\r\n');
    assert.deepEqual(
      rows.map(
        row =>
          row
            .replace(/^\uFEFF/, '')
            .split(',answer,')[0]
            ?.split(",'=1+1,")[0],
      ),
      ['row,result,input,input.a,input.b', '1,passed,,1,', '2,passed,,2,"x,y"', '3,passed,plain,,'],
    );
  });

  it('are not begun when a prompt is more than the context of its model takes', async () => {
    workshop.script = { contextLength: 100 };
    const inputs = JSON.stringify(['short', 'x'.repeat(1000)]);
    const path = workshop.write('long', `inputs: ${inputs}\nsteps: [{ name: answer, prompt: "About {{input}}." }]\n`);
    await assert.rejects(workshop.run(path), {
      code: 'chainInvalid',
      message: /line 5: With input 2 the prompt of "answer" has about 25\d tokens; the context takes 100/,
    });
    assert.deepEqual(workshop.chats, []);
  });
});
