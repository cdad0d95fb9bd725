import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { NetworkInterfaceInfo } from 'node:os';
import { Bonjour } from 'bonjour-service';
import fc from 'fast-check';
import { createLogger } from '../../../src/engine/base/logger.js';
import { type DiscoverOptions, discoverSparks } from '../../../src/engine/discovery/discoverSparks.js';
import type { FoundSpark } from '../../../src/engine/discovery/foundSpark.js';
import type { Interfaces } from '../../../src/engine/discovery/interfaces.js';
import { SparkError } from '../../../src/shared/errors.js';
import { FakeClock } from '../../support/fakeClock.js';
import { encodeAnswer, MdnsResponder, sshAnswer } from '../../support/mdnsResponder.js';

/** Loopback as if it were a network: it is there wherever the tests run. */
const loopback: Interfaces = { lo: [ipv4('127.0.0.1', '127.0.0.1/8')] };

function ipv4(address: string, cidr: string): NetworkInterfaceInfo {
  return { address, cidr, family: 'IPv4', netmask: '', mac: '', internal: false };
}

/** A search whose end the test decides. */
class Search {
  readonly clock = new FakeClock();
  readonly told: FoundSpark[] = [];
  readonly abort = new AbortController();
  readonly done: Promise<FoundSpark[]>;
  log = '';
  private heard: () => void = () => undefined;

  constructor(port: number, options: Partial<DiscoverOptions> = {}) {
    this.done = discoverSparks({
      signal: this.abort.signal,
      durationMs: 4000,
      clock: this.clock,
      interfaces: () => loopback,
      port,
      log: createLogger((_level, _scope, line) => {
        this.log += `${line}\n`;
        this.heard();
      }),
      onFound: spark => {
        this.told.push(spark);
        this.heard();
      },
      ...options,
    });
    this.done.catch(() => undefined);
  }

  /** Waits until it has been told of what is looked for. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>(resolve => (this.heard = resolve));
  }

  async found(hostname: string): Promise<void> {
    await this.until(() => this.told.some(spark => spark.hostname === hostname));
  }

  async end(): Promise<FoundSpark[]> {
    this.clock.advance(4000);
    return await this.done;
  }
}

describe('looking for Sparks on the network', () => {
  let responder: MdnsResponder | undefined;
  afterEach(() => {
    responder?.close();
    responder = undefined;
  });

  async function respond(answer: (question: number) => readonly Buffer[]): Promise<Search> {
    responder = await MdnsResponder.start(answer);
    return new Search(responder.port);
  }

  it('finds what another implementation of multicast DNS publishes', async () => {
    const other = await MdnsResponder.start(() => []);
    const publisher = new Bonjour({
      ...{ port: other.port, interface: '127.0.0.1', bind: '0.0.0.0' },
    });
    const service = publisher.publish({ name: 'spark-1a2b', type: 'ssh', port: 22, host: 'spark-1a2b.local' });
    await once(service, 'up');
    const search = new Search(other.port);
    await search.found('spark-1a2b.local');
    const [spark] = await search.end();
    assert.equal(spark?.name, 'spark-1a2b');
    assert.equal(spark.port, 22);
    assert.equal(spark.looksLikeSpark, true);
    await new Promise(resolve => publisher.unpublishAll(() => publisher.destroy(resolve)));
    other.close();
  });

  it('gives each machine once, Sparks first, and tells of them as they come', async () => {
    const search = await respond(() => [
      sshAnswer('nas.local', { v4: [[192, 168, 1, 9]], port: 2222 }),
      sshAnswer('spark-1a2b.local', { v4: [[192, 168, 1, 20]], instance: 'Anna’s Spark' }),
      sshAnswer('spark-1a2b.local', { v6: [[0xfd, ...Array<number>(14).fill(0), 2]] }),
      sshAnswer('last.local'),
    ]);
    await search.found('last.local');
    const found = await search.end();
    assert.deepEqual(
      found.map(({ hostname, name, port, addresses }) => [hostname, name, port, addresses]),
      [
        ['spark-1a2b.local', 'Anna’s Spark', 22, ['192.168.1.20', 'fd00::2']],
        ['last.local', 'last', 22, []],
        ['nas.local', 'nas', 2222, ['192.168.1.9']],
      ],
    );
  });

  it('asks again, and learns what it missed', async () => {
    const search = await respond(question =>
      question === 1
        ? [sshAnswer('spark-1a2b.local')]
        : [sshAnswer('spark-1a2b.local', { v4: [[192, 168, 1, 20]] }), sshAnswer('last.local')],
    );
    await search.found('spark-1a2b.local');
    search.clock.advance(1000);
    await search.found('last.local');
    const [spark] = await search.end();
    assert.deepEqual(spark?.addresses, ['192.168.1.20']);
    assert.deepEqual(
      search.told.map(({ hostname, addresses }) => [hostname, addresses.length]),
      [
        ['spark-1a2b.local', 0],
        ['spark-1a2b.local', 1],
        ['last.local', 0],
      ],
    );
  });

  it('asks for SSH servers, in the way of multicast DNS', async () => {
    const search = await respond(() => [sshAnswer('last.local')]);
    await search.found('last.local');
    await search.end();
    // header with one question, the name, PTR, IN (RFC 1035, 4.1.2)
    const expected = Buffer.from('\0\0\0\0\0\x01\0\0\0\0\0\0\x04_ssh\x04_tcp\x05local\0\0\x0c\0\x01', 'latin1');
    assert.deepEqual(responder?.questions[0], expected);
  });

  it('lives with anything that comes, and still finds what is there', async () => {
    const whole = sshAnswer('broken-1.local', { v4: [[10, 0, 0, 1]], v6: [Array<number>(16).fill(1)] });
    const broken = fc.sample(
      fc.oneof(
        fc.uint8Array({ maxLength: 200 }).map(bytes => Buffer.from(bytes)),
        // an answer with some bytes changed, or cut off
        fc
          .tuple(
            fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
            fc.nat(whole.length),
          )
          .map(([changes, end]) => {
            const message = Buffer.from(whole);
            for (const [at, value] of changes) message[at] = value;
            return message.subarray(0, end % 3 === 0 ? end : whole.length);
          }),
      ),
      400,
    );
    const search = await respond(question => (question === 1 ? [...broken, sshAnswer('last.local')] : []));
    await search.found('last.local');
    for (const { hostname } of await search.end()) assert.match(hostname, /^[a-z0-9_][a-z0-9_.-]*\.local$/);
  });

  it('is not moved by answers that nobody may give', async () => {
    const service = 'x._ssh._tcp.local';
    const ptr = { name: '_ssh._tcp.local', type: 'PTR', target: service } as const;
    const search = await respond(() => [
      // an option for ssh, a name of the internet, no port, a name that is taken back, records without a target
      encodeAnswer([ptr, { name: service, type: 'SRV', target: '-oProxyCommand=x.local', port: 22 }]),
      encodeAnswer([ptr, { name: service, type: 'SRV', target: 'host.example.com', port: 22 }]),
      encodeAnswer([ptr, { name: service, type: 'SRV', target: 'x.local', port: 0 }]),
      encodeAnswer([{ ...ptr, ttl: 0 }]),
      encodeAnswer([ptr, { name: service, type: 'TXT', texts: ['__proto__=1', 'a'.repeat(200)] }]),
      encodeAnswer([ptr]),
      sshAnswer('last.local'),
    ]);
    await search.found('last.local');
    assert.deepEqual(
      (await search.end()).map(({ hostname }) => hostname),
      ['last.local'],
    );
  });

  it('asks the networks that can be asked although others cannot', async () => {
    responder = await MdnsResponder.start(() => [sshAnswer('spark-1a2b.local')]);
    const search = new Search(responder.port, {
      // no interface has this address
      interfaces: () => ({ gone: [ipv4('203.0.113.77', '203.0.113.77/24')], ...loopback }),
    });
    await search.found('spark-1a2b.local');
    assert.equal((await search.end()).length, 1);
    assert.match(search.log, /gone \(IPv4\)/);
  });

  describe('fails', () => {
    const failure = async (search: Search): Promise<SparkError> => {
      const error = await search.done.then(
        () => assert.fail('it found something'),
        (reason: unknown) => reason,
      );
      assert.ok(SparkError.is(error));
      return error;
    };

    it('when it is cancelled, at once or meanwhile', async () => {
      const search = await respond(() => [sshAnswer('spark-1a2b.local')]);
      await search.found('spark-1a2b.local');
      search.abort.abort();
      assert.equal((await failure(search)).code, 'cancelled');
      const late = new Search(responder!.port, { signal: AbortSignal.abort() });
      assert.equal((await failure(late)).code, 'cancelled');
      assert.equal(late.told.length, 0);
    });

    it('when no network can be asked, with advice for the platform', async () => {
      const interfaces = () => ({ gone: [ipv4('203.0.113.77', '203.0.113.77/24')] });
      const onMac = await failure(new Search(5353, { interfaces, platform: 'darwin' }));
      assert.equal(onMac.code, 'discoveryFailed');
      assert.match(onMac.hint ?? '', /Local Network/);
      const elsewhere = await failure(new Search(5353, { interfaces, platform: 'linux' }));
      assert.match(elsewhere.hint ?? '', /firewall or VPN/);
    });

    it('when there is no network, or none is shown', async () => {
      const none = await failure(new Search(5353, { interfaces: () => ({}) }));
      assert.equal(none.code, 'discoveryFailed');
      assert.match(none.message, /not connected/);
      const hidden = await failure(
        new Search(5353, {
          interfaces: () => {
            throw new Error('uv_interface_addresses returned Unknown system error 13');
          },
        }),
      );
      assert.equal(hidden.code, 'discoveryFailed');
    });

    it('when another program has the port for itself', async () => {
      const selfish = createSocket({ type: 'udp4' }).bind(0, '0.0.0.0');
      await once(selfish, 'listening');
      const error = await failure(new Search(selfish.address().port));
      assert.equal(error.code, 'discoveryFailed');
      assert.match(error.message, /EADDRINUSE/);
      selfish.close();
    });
  });
});
