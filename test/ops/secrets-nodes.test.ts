import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FaultyVault, OpenBao, secrets, SecretsLab, SecretsSite } from '#test';
import { startOwnServer, usableLogins } from '#test';
import type { Ended } from '#test';

const PATH = 'kv/data/ofitec/prod';

/** Three real servers of OpenBao that keep one storage by raft, and what leads them dying. */
describe('several servers of Vault', () => {
  let nodes: OpenBao[] = [];
  let site: SecretsSite;
  let lab: SecretsLab;
  const proxies: FaultyVault[] = [];

  beforeAll(async () => {
    const [opened, postgres] = await Promise.all([
      OpenBao.openTogether(3),
      startOwnServer({ isEmpty: true }),
    ]);
    nodes = opened;
    const leader = await leading();
    site = await SecretsSite.over(await SecretsLab.over(leader), postgres);
    lab = site.lab;
  }, 300_000);

  afterAll(async () => {
    for (const proxy of proxies) await proxy.close();
    await site?.close();
    for (const node of nodes) await node.stop();
  });

  /** The server that leads now; one is chosen within seconds. */
  async function leading(): Promise<OpenBao> {
    for (let tries = 0; tries < 600; tries += 1) {
      for (const node of nodes) {
        const health = await node.health().catch(() => 0);
        if (health === 200) return node;
      }
      await sleep(100);
    }
    throw new Error('Nobody leads.');
  }

  async function standing(): Promise<OpenBao> {
    const leader = await leading();
    const standby = nodes.find((node) => node !== leader);
    if (!standby) throw new Error('There is one only.');
    return standby;
  }

  /** Brings back whoever is dead or sealed. */
  async function mend(): Promise<void> {
    for (const node of nodes) {
      const health = await node.health().catch(() => 0);
      if (health === 0) await node.start();
      if (health !== 200 && health !== 429) await node.unseal();
    }
    await leading();
  }

  const clientOf = (...of: OpenBao[]): InstanceType<typeof secrets.Vault> =>
    new secrets.Vault({
      urls: of.map(({ url }) => url),
      ca: readFileSync(nodes[0]?.caFile ?? '', 'utf8'),
      timeoutMs: 5_000,
      patienceMs: 30_000,
    });

  /** `ofitec secrets …` that knows of these servers. */
  function start(
    role: 'rotator' | 'reader' | 'doctor',
    urls: readonly string[],
    args: readonly string[],
    patience = 60,
  ): ReturnType<SecretsLab['start']> {
    return lab.start(args, {
      ...lab.signedInAs(role),
      VAULT_ADDR: urls.join(','),
      VAULT_CLIENT_TIMEOUT: String(patience),
    });
  }
  const all = (): string[] => nodes.map(({ url }) => url);

  it('a standby answers, and never what was before our own writing or signing in', async () => {
    const [leader, standby] = [await leading(), await standing()];
    const reader = new secrets.Kv(clientOf(standby).withToken(leader.rootToken));
    const path = 'kv/data/ofitec/lag';
    for (let version = 1; version <= 15; version += 1) {
      expect(await reader.write(path, { n: version }, version - 1)).toBe(version);
      expect(await reader.get(path)).toMatchObject({ data: { n: version }, version });
    }
    const role = 'auth/approle/role/ofitec-reader';
    const { body } = await leader.call('GET', `${role}/role-id`);
    for (let round = 16; round <= 25; round += 1) {
      const made = await leader.call('POST', `${role}/secret-id`, {});
      const proof = {
        ...({ kind: 'approle', mount: 'approle', roleId: String(body.data?.['role_id']) } as const),
        secretId: String(made.body.data?.['secret_id']),
      };
      await leader.call('POST', path, { options: { cas: round - 1 }, data: { n: round } });
      await secrets.signedIn(clientOf(standby), proof, async (vault) => {
        expect((await new secrets.Kv(vault).get(path)).version).toBe(round);
      });
    }
  }, 120_000);

  it('a standby that is behind what we know asks the leader, instead of answering', async () => {
    const [leader, standby] = [await leading(), await standing()];
    const path = 'kv/data/ofitec/behind';
    const proxy = await FaultyVault.before(standby);
    const told = new secrets.Vault({ ...clientOf(standby).address, urls: [proxy.url] });
    const kv = new secrets.Kv(told.withToken(leader.rootToken));
    await kv.write(path, { n: 1 }, 0);
    await kv.get(path);
    const [, read] = proxy.seen.slice(-2);
    const index = String(read?.headers['x-vault-index']);
    const reached = JSON.parse(Buffer.from(index, 'base64').toString()) as { value: string };
    expect(read?.headers['x-vault-inconsistent']).toBe('forward-active-node');
    expect(Number(reached.value)).toBeGreaterThan(1);
    // The real one demands it: of an index that nobody has reached yet it answers nothing by itself.
    const later = JSON.stringify({ ...reached, value: String(Number(reached.value) + 1_000) });
    proxy.adds = { 'x-vault-index': Buffer.from(later).toString('base64') };
    expect(await kv.get(path)).toMatchObject({ version: 1 });
    proxy.adds = { ...proxy.adds, 'x-vault-inconsistent': '' };
    const hasty = new secrets.Vault({ ...told.address, patienceMs: 0 });
    const refused = new secrets.Kv(hasty.withToken(leader.rootToken)).get(path);
    await expect(refused).rejects.toMatchObject({ trouble: 'standby' });
    await proxy.close();
  }, 120_000);

  it('rotations go through a standby alone', async () => {
    const { url } = await standing();
    const before = await lab.get();
    for (const secret of ['db', 'session-key', 'token']) {
      const { code, output } = await start('rotator', [url], ['rotate', secret]).end();
      expect([secret, code, output]).toEqual([secret, 0, expect.stringContaining('LOGGED')]);
    }
    expect(await start('reader', [url], ['render', '--check']).end()).toMatchObject({ code: 0 });
    expect((await lab.get())['SECRET_KEY']).not.toBe(before['SECRET_KEY']);
    expect(await usableLogins(await leading())).toHaveLength(1);
  }, 120_000);

  it('one that sends people on is followed to the leader, if that is named, and nowhere else', async () => {
    const [leader, standby] = [await leading(), await standing()];
    const proxy = await FaultyVault.before(standby);
    // With this a real standby answers 307 instead of asking the leader itself.
    proxy.adds = { 'x-vault-no-request-forwarding': '1' };
    const had = lab.read('host/url');
    const alone = await start('reader', [proxy.url], ['render'], 5).end();
    expect([alone.code, alone.output]).toEqual([1, expect.stringContaining('does not name')]);
    expect(alone.output).toContain(leader.url);
    expect(lab.read('host/url')).toBe(had);
    const both = await start('reader', [proxy.url, leader.url], ['render']).end();
    expect([both.code, both.output]).toEqual([0, expect.stringContaining('Version')]);
    await proxy.close();
  }, 120_000);

  async function examine(urls: string[]): Promise<{ code: number | null; said: string[] }> {
    const { code, output } = await start('doctor', urls, ['doctor', '--json'], 10).end();
    const findings = JSON.parse(output) as { what: string; state: string; sentence: string }[];
    return {
      code,
      said: findings.map(({ what, state, sentence }) => `${what}: ${state}, ${sentence}`),
    };
  }

  it('the doctor tells active, standby, sealed and dead apart', async () => {
    const [leader, standby] = [await leading(), await standing()];
    const [third] = nodes.filter((node) => node !== leader && node !== standby);
    const of = (node: OpenBao | undefined): string => `server 127.0.0.1:${node?.port}`;
    const well = await examine(all());
    expect(well.code).toBe(0);
    expect(well.said).toContain(`${of(leader)}: good, active, version 2.7.2`);
    expect(well.said).toContain(`${of(standby)}: good, standby, version 2.7.2`);
    const alone = await examine([standby.url]);
    expect(alone.code).toBe(0);
    expect(alone.said).toContain(
      `active server: good, 127.0.0.1:${leader.port}, which VAULT_ADDR does not name`,
    );
    await third?.kill();
    expect((await examine(all())).said).toContain(`${of(third)}: critical, unreachable`);
    await third?.start();
    // Sealed it is asked first, and whoever is able to is asked after it.
    const sealed = await examine([third?.url ?? '', standby.url, leader.url]);
    expect([sealed.code, sealed.said]).toEqual([
      2,
      expect.arrayContaining([
        expect.stringMatching(`${of(third)}: critical, sealed`),
        expect.stringMatching(/^audit device: good/),
      ]),
    ]);
    const rendered = await start('reader', [third?.url ?? '', standby.url], ['render']).end();
    expect(rendered).toMatchObject({ code: 0 });
    // Nobody leads one that is left alone.
    await leader.kill();
    const had = lab.read('host/url');
    const lost = await start('reader', all(), ['render'], 10).end();
    expect([lost.code, lost.output]).toEqual([1, expect.stringContaining('stay as they are')]);
    expect(lab.read('host/url')).toBe(had);
    const none = await examine(all());
    expect([none.code, none.said]).toEqual([
      2,
      expect.arrayContaining([expect.stringMatching(/^active server: critical, none/)]),
    ]);
    await mend();
  }, 180_000);

  const entries = (): number => site.entries().length;
  const loginNow = async (): Promise<string> => {
    const { body } = await (await leading()).call('GET', PATH);
    const data = (body.data?.['data'] ?? {}) as Record<string, string>;
    return new URL(data['DATABASE_URL'] ?? '').username;
  };

  /** The leader loses power at a write, before it has it or before it says so. @returns all addresses */
  async function doom(
    path: string,
    at: 'before' | 'after',
    more = (): void => undefined,
  ): Promise<string[]> {
    const leader = await leading();
    const proxy = await FaultyVault.before(leader);
    proxies.push(proxy);
    let isDead = false;
    proxy.watch = async (passing, when) => {
      if (isDead || passing.method === 'GET' || passing.path !== path || when !== at) return;
      isDead = true;
      more();
      await leader.kill();
      await proxy.set('down');
      throw new Error('its power is gone');
    };
    return [proxy.url, ...all().filter((url) => url !== leader.url)];
  }

  async function demandOne(from: string, before: number): Promise<void> {
    const to = await loginNow();
    expect(to).not.toBe(from);
    expect(await usableLogins(await leading())).toEqual([to]);
    expect(entries()).toBe(before + 1);
    expect(new URL(lab.read('host/url')).username).toBe(to);
    await mend();
  }

  it('a rotation outlives a leader that is killed before the promotion', async () => {
    const [from, before] = [await loginNow(), entries()];
    const urls = await doom(PATH, 'before');
    const { code, output } = await start('rotator', urls, ['rotate', 'db']).end();
    expect([code, output]).toEqual([0, expect.stringContaining('LOGGED')]);
    await demandOne(from, before);
  }, 180_000);

  it('a rotator that dies with the leader is gone on with at the next one', async () => {
    const [from, before] = [await loginNow(), entries()];
    let rotator: ReturnType<SecretsLab['start']> | null = null;
    const urls = await doom('kv/data/ofitec-rotation/db', 'after', () =>
      rotator?.signal('SIGKILL'),
    );
    rotator = start('rotator', urls, ['rotate', 'db']);
    expect((await rotator.end()).code).toBeNull();
    const resumed: Ended = await start('rotator', all(), ['rotate', 'db', '--resume']).end();
    expect([resumed.code, resumed.output]).toEqual([0, expect.stringContaining('LOGGED')]);
    await demandOne(from, before);
  }, 180_000);

  it('who has no patience is told, and goes on when somebody leads again', async () => {
    const [from, before, had] = [await loginNow(), entries(), lab.read('host/url')];
    // The promotion is written, and nobody said so.
    const urls = await doom(PATH, 'after');
    const { code, output } = await start('rotator', urls, ['rotate', 'db'], 2).end();
    expect([code, output]).toEqual([1, expect.stringMatching(/Vault/)]);
    expect(lab.read('host/url')).toBe(had);
    const resumed = await start('rotator', all(), ['rotate', 'db', '--resume']).end();
    expect([resumed.code, resumed.output]).toEqual([0, expect.stringContaining('LOGGED')]);
    await demandOne(from, before);
  }, 180_000);
});
