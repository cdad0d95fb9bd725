import fc from 'fast-check';

/** A keyword and something that is hard to split. */
export const anyLine: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom('User', 'HostName', 'IdentityFile', 'ProxyCommand', 'BindAddress', 'UserKnownHostsFile'),
    fc.constantFrom(' ', '=', '\t', ' = ', '  '),
    fc.string({
      unit: fc.constantFrom('a', 'b', '/', ' ', '\t', '"', "'", '\\', '#', '=', ',', '*', '!', '~'),
      minLength: 1,
      maxLength: 12,
    }),
    fc.constantFrom('', '\r', ' ', '\t \f'),
  )
  .map(parts => parts.join(''))
  // ~user needs a list of users, which we do not have
  .filter(line => !/File.*~(?!\/)/.test(line));

const HOSTS = ['spark', 'spark-1', 'gate.example', '10.0.0.7'];
const pattern = fc.constantFrom(
  'spark',
  'spark*',
  'sp?rk',
  '*',
  '!spark-?',
  '!*.example',
  '10.*',
  'gate.example',
  'other',
  'SPARK',
);
const userPattern = fc.constantFrom('me', 'm*', '!me', '*', 'root', 'nobody');

const criterion = fc.oneof(
  fc
    .tuple(
      fc.constantFrom('host', '!host', 'originalhost', '!originalhost'),
      fc.array(pattern, { minLength: 1, maxLength: 2 }),
    )
    .map(([name, patterns]) => `${name} ${patterns.join(',')}`),
  fc.tuple(fc.constantFrom('user', '!user', 'localuser'), userPattern).map(parts => parts.join(' ')),
  fc.constantFrom('final', '!final', 'canonical', '!canonical'),
);

const block = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.array(pattern, { minLength: 1, maxLength: 3 }).map(patterns => `Host ${patterns.join(' ')}`),
  },
  {
    weight: 2,
    arbitrary: fc.array(criterion, { minLength: 1, maxLength: 3 }).map(criteria => `Match ${criteria.join(' ')}`),
  },
  { weight: 1, arbitrary: fc.constantFrom('Match all', 'Match final all', 'Match canonical all') },
);

const flag = fc.constantFrom('yes', 'no', 'true', 'False');
const setting = fc.oneof(
  fc.constantFrom('HostName %h.lab', 'HostName spark-1', 'HostName 10.0.0.7', 'HostName Gate.Example'),
  fc.constantFrom('me', 'you', '"a b"').map(user => `User ${user}`),
  fc.integer({ min: 1, max: 65535 }).map(port => `Port ${port}`),
  fc.constantFrom('/keys/a', '"/keys/b c"', '~/.ssh/d', 'none').map(file => `IdentityFile ${file}`),
  fc.constantFrom('jump', 'me@jump:2022', 'a,b', 'ssh://me@c:22', '[::1]:2').map(jump => `ProxyJump ${jump}`),
  fc.constantFrom('nc a 22', 'none').map(command => `ProxyCommand ${command}`),
  fc.constantFrom('yes', 'no', 'ask', 'off', 'accept-new').map(value => `StrictHostKeyChecking ${value}`),
  fc.constantFrom('5', '1m', '1m30s', 'none', '0').map(time => `ConnectTimeout=${time}`),
  fc.constantFrom('10', '2M', '0').map(time => `ServerAliveInterval ${time} # seconds`),
  fc.constantFrom('/a', '/a "/b c"', 'none').map(files => `UserKnownHostsFile ${files}`),
  fc.constantFrom('Alias', 'other').map(alias => `HostKeyAlias ${alias}`),
  fc.constantFrom('+aes128-cbc', '-aes*', '^aes256-ctr', 'aes128-ctr').map(list => `Ciphers ${list}`),
  fc.constantFrom('+ssh-rsa', 'ssh-ed25519', '-ecdsa*').map(list => `HostKeyAlgorithms ${list}`),
  flag.map(value => `IdentitiesOnly ${value}`),
  flag.map(value => `ChallengeResponseAuthentication ${value}`),
  flag.map(value => `HashKnownHosts ${value}`),
  fc.constantFrom('no', 'CanonicalizeHostname yes').map(value => (value === 'no' ? 'CanonicalizeHostname no' : value)),
);

const body = fc.array(
  fc.oneof({ weight: 4, arbitrary: setting.map(line => `  ${line}`) }, { weight: 1, arbitrary: block }),
  {
    maxLength: 12,
  },
);

/** Files that OpenSSH takes, two of which the first may include anywhere, and a host to look up. */
export const anyConfig: fc.Arbitrary<{ files: Record<string, string>; host: string }> = fc
  .record({
    main: fc.array(
      fc.oneof(
        { weight: 5, arbitrary: body },
        { weight: 1, arbitrary: fc.constantFrom(['Include @@/one'], ['Include "@@/two" @@/none']) },
      ),
      {
        minLength: 1,
        maxLength: 4,
      },
    ),
    one: body,
    two: body,
    host: fc.constantFrom(...HOSTS),
  })
  .map(({ main, one, two, host }) => ({
    files: { config: text(main.flat()), one: text([...one, 'Include @@/two']), two: text(two) },
    host,
  }));

function text(lines: readonly string[]): string {
  return lines.map(line => `${line}\n`).join('');
}
