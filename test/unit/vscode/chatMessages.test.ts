import assert from 'node:assert/strict';
import { estimateTokens, readPart, textTokens, toChatMessages, toTools } from '../../../src/vscode/chat/messages.js';

describe('messages of the editor’s chat', () => {
  it('are read by what they have: text, images, calls, results', () => {
    assert.deepEqual(readPart({ value: 'hi' }), { kind: 'text', text: 'hi' });
    assert.deepEqual(readPart({ mimeType: 'image/png', data: new Uint8Array([1, 2]) }), {
      kind: 'image',
      base64: 'AQI=',
    });
    assert.deepEqual(readPart({ callId: '1', name: 'look', input: { at: 2 } }), {
      ...{ kind: 'call', id: '1', name: 'look', input: { at: 2 } },
    });
    assert.deepEqual(readPart({ callId: '1', content: [{ value: 'a' }, { value: 'b' }] }), {
      ...{ kind: 'result', id: '1', text: 'ab' },
    });
    assert.deepEqual(readPart({ mimeType: 'application/json', data: Buffer.from('{}') }), { kind: 'text', text: '{}' });
    for (const none of [null, 3, {}, { mimeType: 'audio/wav', data: new Uint8Array(1) }])
      assert.equal(readPart(none), undefined);
  });

  it('become Ollama’s: each result a message of its own, named after its tool', () => {
    assert.deepEqual(
      toChatMessages([
        { role: 'system', parts: [{ kind: 'text', text: 'Be brief.' }] },
        {
          role: 'user',
          parts: [
            { kind: 'text', text: 'What is it?' },
            { kind: 'image', base64: 'AQI=' },
          ],
        },
        { role: 'assistant', parts: [{ kind: 'call', id: '1', name: 'look', input: { at: 2 } }] },
        {
          role: 'user',
          parts: [
            { kind: 'result', id: '1', text: 'a cat' },
            { kind: 'text', text: 'So?' },
          ],
        },
        { role: 'user', parts: [{ kind: 'result', id: 'unknown', text: 'x' }] },
      ]),
      [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'What is it?', images: ['AQI='] },
        { role: 'assistant', content: '', toolCalls: [{ id: '1', name: 'look', arguments: { at: 2 } }] },
        { role: 'tool', content: 'a cat', toolName: 'look' },
        { role: 'user', content: 'So?' },
        { role: 'tool', content: 'x', toolName: 'unknown' },
      ],
    );
  });

  it('give tools without parameters an empty schema', () => {
    assert.deepEqual(toTools([{ name: 'now', description: 'The time' }]), [
      { name: 'now', description: 'The time', parameters: { type: 'object', properties: {} } },
    ]);
  });

  it('are counted so that more is more', () => {
    assert.ok(textTokens('') === 0 && textTokens('a') === 1);
    assert.ok(textTokens('日本語の文章です') >= 8);
    const text = { kind: 'text', text: 'word '.repeat(100) } as const;
    assert.ok(estimateTokens([text]) >= 100 && estimateTokens([text]) <= 200);
    assert.ok(estimateTokens([text, { kind: 'image', base64: 'AQI=' }]) > estimateTokens([text]) + 500);
  });
});
