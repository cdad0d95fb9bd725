import assert from 'node:assert/strict';
import { splitWords } from '../../../../src/engine/ssh/config/lexer.js';
import { hostApplies, matchApplies, type MatchSubject } from '../../../../src/engine/ssh/config/match.js';
import { ConfigFault } from '../../../../src/engine/ssh/config/problem.js';

describe('Match', () => {
  let wantedFinal: boolean;
  let commands: [string, boolean][];

  const applies = (line: string, subject: Partial<MatchSubject> = {}) => {
    wantedFinal = false;
    commands = [];
    return matchApplies(splitWords(line) ?? [], {
      host: 'a.example',
      originalHost: 'a',
      user: 'me',
      localUser: 'i',
      tag: '',
      localAddresses: ['127.0.0.1', '192.168.1.20', 'fe80::1%eth0', 'fd00::5'],
      final: false,
      wantFinal() {
        wantedFinal = true;
      },
      exec(command, needed) {
        commands.push([command, needed]);
        return Promise.resolve(needed && command === 'true');
      },
      ...subject,
    });
  };
  const allOf = async (lines: readonly string[], wanted: boolean, subject?: Partial<MatchSubject>) => {
    for (const line of lines) assert.equal(await applies(line, subject), wanted, line);
  };

  it('compares names', async () => {
    await allOf(
      ['all', 'host a.example', 'HOST *.EXAMPLE', 'originalhost a', 'user me', 'localuser i', '!host b'],
      true,
    );
    await allOf(
      ['!all', 'host a', 'originalhost a.example', 'user ME', 'host *,!a.*', 'host a.example user you'],
      false,
    );
  });

  it('takes values in several ways', async () => {
    await allOf(['host=a.example', 'host = a.example', 'host =a.example', 'host= a.example', `host 'a.example'`], true);
    await allOf(['"host" "b,a.example"', '!host=b', 'host a.example # user you'], true);
  });

  it('compares tags', async () => {
    await allOf(['tagged work', 'tagged w*', '!tagged ""'], true, { tag: 'work' });
    await allOf(['tagged home', 'tagged ""'], false, { tag: 'work' });
    await allOf(['tagged ""', '!tagged work'], true);
  });

  it('compares networks', async () => {
    await allOf(['localnetwork 192.168.1.0/24', 'localnetwork 10.0.0.0/8,fd00::/8', 'localnetwork 192.168.1.20'], true);
    await allOf(['localnetwork 192.168.2.0/24', 'localnetwork fd01::/16', '!localnetwork fe80::/10'], false);
    for (const line of ['localnetwork here', 'localnetwork 10.0.0.0/33', 'localnetwork 10.0.0.0/x', 'localnetwork ,'])
      await assert.rejects(applies(line), ConfigFault, line);
  });

  it('knows no command, no session and no version of OpenSSH', async () => {
    await allOf(['command ""', '!command ls', 'sessiontype none'], true);
    await allOf(['command ls', 'sessiontype shell', 'version OpenSSH_10.0', '!version OpenSSH_10.0'], false);
  });

  it('asks for a second time, also where it does not apply', async () => {
    await allOf(['final', 'host b final', 'canonical'], false);
    assert.equal(wantedFinal, false);
    await applies('host b final');
    assert.equal(wantedFinal, true);
    await allOf(['final', 'canonical', 'final all', 'canonical all'], true, { final: true });
    await allOf(['!final', '!canonical'], true);
  });

  it('runs commands last and only where they decide', async () => {
    await allOf(['exec true', 'host a.example exec true', '!exec false'], true);
    await allOf(['exec false', '!exec true'], false);
    await applies('host b exec true');
    assert.deepEqual(commands, [['true', false]]);
    await applies('exec false exec true');
    assert.deepEqual(commands, [
      ['false', true],
      ['true', false],
    ]);
  });

  it('does not apply, one way or the other, where a command must not be run', async () => {
    await allOf(['exec true', '!exec true'], false, { exec: () => Promise.resolve(undefined) });
  });

  it('is refused where it makes no sense', async () => {
    for (const line of [
      '',
      'planet mars',
      'host',
      'host ""',
      'host # a',
      'all host a',
      'host a user b all',
      'host a b',
      'user =',
    ])
      await assert.rejects(applies(line), ConfigFault, line);
  });
});

describe('Host', () => {
  it('applies where a pattern matches and none excludes', () => {
    assert.ok(hostApplies(['b', 'a*'], 'a.example'));
    assert.ok(!hostApplies(['*', '!a*'], 'a.example'));
    assert.ok(!hostApplies(['!b'], 'a.example'));
    assert.ok(!hostApplies([], 'a.example'));
    assert.throws(() => hostApplies(['*', ''], 'a'), ConfigFault);
  });
});
