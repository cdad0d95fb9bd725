import assert from 'node:assert/strict';
import { splitWords } from '../../../../src/engine/ssh/config/lexer.js';
import { ConfigFault } from '../../../../src/engine/ssh/config/problem.js';
import {
  agentSocket,
  algorithms,
  Arguments,
  command,
  duration,
  fileNames,
  flag,
  integer,
  names,
  port,
  type Reader,
} from '../../../../src/engine/ssh/config/values.js';

describe('values of ssh_config', () => {
  /** What a reader makes of an argument; the message when it does not take it. */
  function read(reader: Reader<unknown>, raw: string): unknown {
    const args = new Arguments(splitWords(raw) ?? [], raw, { SET: '/set', EMPTY: '' });
    try {
      const value = reader(args);
      args.end();
      return value;
    } catch (error) {
      assert.ok(error instanceof ConfigFault, String(error));
      assert.notEqual(error.hint, '');
      return error.message;
    }
  }

  function readsAs(reader: Reader<unknown>, values: Readonly<Record<string, unknown>>): void {
    for (const [raw, value] of Object.entries(values)) {
      if (value instanceof RegExp) assert.match(String(read(reader, raw)), value, raw);
      else assert.deepEqual(read(reader, raw), value, raw);
    }
  }

  it('are switches', () => {
    readsAs(flag, {
      yes: true,
      NO: false,
      True: true,
      false: false,
      on: /none of yes, no/,
      '': /missing/,
      'yes no': /after the end/,
    });
  });

  it('are whole numbers', () => {
    readsAs(integer, {
      0: 0,
      '2147483647': 2147483647,
      '" +5"': 5,
      2147483648: /whole number/,
      '-1': /whole number/,
      '0x5': /whole/,
      '5 ': 5,
    });
  });

  it('are ports', () => {
    readsAs(port, { 22: 22, 65535: 65535, ssh: 22, 0: /1 to 65535/, 65536: /1 to 65535/, http: /1 to 65535/ });
  });

  it('are times', () => {
    readsAs(duration, {
      0: 0,
      90: 90_000,
      '1m30s': 90_000,
      '1M30': 90_000,
      '1w1d1h': (7 * 86_400 + 86_400 + 3_600) * 1000,
      none: undefined,
      '1x': /not a time/,
      m: /not a time/,
      '-5': /not a time/,
      '1.5': /not a time/,
      '3551w': /not a time/,
    });
  });

  it('are names of files', () => {
    readsAs(fileNames, {
      '/a "/b c"': ['/a', '/b c'],
      NONE: [],
      '# nothing': undefined,
      'none /a': /alone/,
      '/a ""': /empty/,
      [Array.from({ length: 33 }, (_, n) => `/${n}`).join(' ')]: /More than 32/,
    });
  });

  it('are lists of names', () => {
    readsAs(names, { 'publickey,password': ['publickey', 'password'], 'publickey, password': /after the end/ });
  });

  it('are lists of algorithms, as written', () => {
    readsAs(algorithms, { '+a,b': '+a,b', '-a*': '-a*', '^a': '^a', a: 'a', '+': /empty/, '^': /empty/ });
  });

  it('are commands, with all that follows', () => {
    readsAs(command, { 'nc -x "" %h # a': 'nc -x "" %h # a', '= nc': 'nc', '"a b" c': '"a b" c' });
  });

  it('are sockets of agents', () => {
    readsAs(agentSocket, {
      '/run/a': '/run/a',
      $ANY: '$ANY',
      '${SET}/a': '${SET}/a',
      '${EMPTY}': '${EMPTY}',
      '${UNSET}': /"UNSET" is not set/,
      '${SET': /without a name/,
      '$A-B': /not the name/,
    });
  });
});
