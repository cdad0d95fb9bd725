import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type FoundSpark, readAnswer } from '../../../src/engine/discovery/foundSpark.js';
import { FoundSparks } from '../../../src/engine/discovery/foundSparks.js';

const answer = (host: string, more: object = {}) => ({
  fqdn: `${host.split('.')[0] ?? ''}._ssh._tcp.local`,
  host,
  port: 22,
  addresses: ['192.168.1.20'],
  ...more,
});

describe('an answer of the network', () => {
  it('describes a machine', () => {
    assert.deepEqual(readAnswer(answer('Spark-1A2B.local')), {
      name: 'Spark-1A2B',
      hostname: 'spark-1a2b.local',
      port: 22,
      addresses: ['192.168.1.20'],
      looksLikeSpark: true,
    });
  });

  it('may be of a machine whose address is not known', () => {
    assert.deepEqual(readAnswer(answer('spark-1a2b.local', { addresses: undefined }))?.addresses, []);
  });

  it('tells a Spark by its name', () => {
    const yes = [
      ...['spark-1a2b', 'spark-1a2b-2', 'gx10-9641', 'promaxgb10-41b1', 'zgx-5a09', 'edgexpert-45d2'],
      ...['aitopatom-9ab9', 'thinkstationpgx-2be0', 'gn100-3857', 'spark', 'spark1', 'spark-02', 'my-dgx', 'gb10-lab'],
    ];
    const no = ['nas', 'sparkling-water', 'spark-master', 'laptop-1a2b', 'gx10', 'mydgxbox'];
    const sparks = [...yes, ...no].filter(name => readAnswer(answer(`${name}.local`))?.looksLikeSpark);
    assert.deepEqual(sparks, yes);
  });

  it('orders its addresses, each once, and leaves out where no machine can be', () => {
    const addresses = [
      ...['fe80::1', 'fd00:0:0::2', 'FD00::2', '169.254.3.4', '10.0.0.2', '10.0.0.2', '127.0.0.1', '0.0.0.0'],
      ...['::1', '::ffff:10.0.0.9', '224.0.0.251', 'ff02::fb', '255.255.255.255', '192.168.1.999', 'evil', 7, null],
    ];
    const from = (address: string) => ({ addresses, referer: { address } });
    const usable = ['10.0.0.2', 'fd00::2', '169.254.3.4'];
    assert.deepEqual(readAnswer(answer('a.local', from('10.0.0.2')))?.addresses, usable);
    // only who answers by IPv6 shows through which interface its link-local address is reached
    assert.deepEqual(readAnswer(answer('a.local', from('fe80::1%eth0')))?.addresses, [...usable, 'fe80::1%eth0']);
  });

  it('is nothing when its host name, port or service is not one', () => {
    const wrong = [
      ...[answer('evil.example.com'), answer('-oProxyCommand=x.local'), answer('.local'), answer('a b.local')],
      ...[answer('a;b.local'), answer('a:b.local'), answer('a%b.local'), answer(`${'a'.repeat(260)}.local`)],
      ...[answer('a.local', { port: 0 }), answer('a.local', { port: 70_000 }), answer('a.local', { port: '22' })],
      ...[answer('a.local', { fqdn: 'a._http._tcp.local' }), answer('a.local', { fqdn: undefined }), null, 'a', {}],
    ];
    assert.deepEqual(
      wrong.map(readAnswer),
      wrong.map(() => undefined),
    );
  });

  it('has a name that can be shown', () => {
    const named = (name: string) => readAnswer(answer('spark-1a2b.local', { fqdn: `${name}._ssh._tcp.local` }))?.name;
    assert.equal(named('Anna\u2019s Spark v1.2'), 'Anna\u2019s Spark v1.2');
    assert.equal(named('a\u0007\u202eb\r\nc'), 'a b c');
    assert.equal(named('\u0000'), 'spark-1a2b');
    assert.equal(named('x'.repeat(200)), `${'x'.repeat(63)}…`);
  });

  it('never breaks the reader, and what is read is well formed', () => {
    const anything = fc.anything({ maxDepth: 1, maxKeys: 3 });
    fc.assert(
      fc.property(
        fc.record({
          fqdn: fc.oneof(
            anything,
            fc.array(fc.nat(0xffff)).map(units => `${String.fromCharCode(...units)}._ssh._tcp.local`),
          ),
          host: fc.oneof(
            anything,
            fc.string().map(name => `${name}.local`),
          ),
          port: fc.oneof(anything, fc.integer()),
          addresses: fc.oneof(anything, fc.array(fc.oneof(fc.ipV4(), fc.ipV6(), fc.string()))),
          referer: fc.oneof(anything, fc.constant({ address: 'fe80::1%eth0' })),
        }),
        service => {
          const spark = readAnswer(service);
          if (!spark) return;
          assert.match(spark.hostname, /^[a-z0-9_][a-z0-9_.-]*\.local$/);
          assert.match(spark.name, /^[^\p{Cc}\p{Cf}]+$/u);
          assert.ok(spark.port > 0 && spark.port < 65_536);
          assert.ok(spark.addresses.length <= 16);
        },
      ),
    );
  });
});

describe('the machines that answered', () => {
  let told: FoundSpark[];
  let found: FoundSparks;

  beforeEach(() => {
    told = [];
    found = new FoundSparks(spark => told.push(spark));
  });

  it('are each one, however often and wherever they answer', () => {
    found.add(answer('spark-1a2b.local', { addresses: ['fd00::2'] }));
    found.add(answer('SPARK-1a2b.local', { addresses: ['192.168.1.20'] }));
    found.add(answer('spark-1a2b.local', { addresses: ['192.168.1.20', 'fd00::2'] }));
    assert.deepEqual(
      found.sorted.map(({ addresses }) => addresses),
      [['192.168.1.20', 'fd00::2']],
    );
    assert.deepEqual(
      told.map(({ addresses }) => addresses.length),
      [1, 2],
    );
  });

  it('are two when they listen on two ports', () => {
    found.add(answer('spark-1a2b.local'));
    found.add(answer('spark-1a2b.local', { port: 2222 }));
    assert.deepEqual(
      found.sorted.map(({ port }) => port),
      [22, 2222],
    );
  });

  it('come with the Sparks first, then as people sort names', () => {
    for (const name of ['nas', 'spark-ffff', 'Box10', 'box9', 'gx10-0001']) found.add(answer(`${name}.local`));
    assert.deepEqual(
      found.sorted.map(({ name }) => name),
      ['gx10-0001', 'spark-ffff', 'box9', 'Box10', 'nas'],
    );
  });

  it('are not more than anybody can have', () => {
    for (let index = 0; index < 1000; index++) found.add(answer(`host-${index}.local`));
    for (let index = 0; index < 100; index++) found.add(answer('host-1.local', { addresses: [`10.0.0.${index + 1}`] }));
    assert.equal(found.sorted.length, 256);
    assert.equal(found.sorted.find(({ hostname }) => hostname === 'host-1.local')?.addresses.length, 16);
  });
});
