import { createSign, generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { FaultyVault, OpenBao, secrets } from '#test';

const { Kv, Vault } = secrets;
const PATH = 'kv/data/ofitec/prod';
const CANARY = 'canary-Vn0hT1-value';
const HASTE = {
  none: { timeoutMs: 20_000, patienceMs: 60_000 },
  some: { timeoutMs: 700, patienceMs: 1_500 },
};

/** The client of our own against a real OpenBao, and what stands before one on bad days. */
describe('the client of Vault', () => {
  let bao: OpenBao;
  let faulty: FaultyVault;

  beforeAll(async () => {
    bao = await OpenBao.open();
    faulty = await FaultyVault.before(bao);
    await secrets.setUp(root());
  }, 180_000);

  afterEach(() => faulty.set('none'));

  afterAll(async () => {
    await faulty.close();
    await bao.stop();
  });

  /** Patient as on a busy machine; hasty where what is asked for never comes. */
  const vaultAt = (...urls: string[]): InstanceType<typeof Vault> =>
    new Vault({ ...HASTE.none, urls, ca: readFileSync(bao.caFile, 'utf8') });
  const hasty = (url: string): InstanceType<typeof Vault> =>
    new Vault({ ...vaultAt(url).address, ...HASTE.some }).withToken(bao.rootToken);
  const root = (url = bao.url): InstanceType<typeof Vault> => vaultAt(url).withToken(bao.rootToken);
  const troubleOf = (work: Promise<unknown>): Promise<{ trouble: string; message: string }> =>
    work.then(
      () => ({ trouble: 'none', message: '' }),
      (error: unknown) => error as InstanceType<typeof secrets.VaultFault>,
    );

  it('provisions a fresh server, and the second time leaves everything as it was', async () => {
    const again = await secrets.setUp(root());
    expect(again.map(({ what, done }) => `${what}: ${done}`)).toEqual([
      'secrets engine kv: as it was',
      'secrets engine totp: as it was',
      'sign-in approle: as it was',
      ...['reader', 'rotator', 'doctor', 'door', 'totp'].map(
        (name) => `policy ofitec-${name}: as it was`,
      ),
      ...['reader', 'rotator', 'doctor', 'door', 'totp'].map(
        (name) => `role ofitec-${name}: as it was`,
      ),
      'audit device: as it was',
    ]);
    // Somebody widened a policy by hand.
    await bao.call('PUT', 'sys/policies/acl/ofitec-reader', {
      policy: 'path "kv/*" { capabilities = ["read", "delete"] }',
    });
    // One that was set up before shortens secret ids to the 32 days of OpenBao.
    await bao.call('POST', 'sys/auth/approle/tune', { max_lease_ttl: '768h' });
    const mended = await secrets.setUp(root());
    expect(mended.filter(({ done }) => done !== 'as it was').map(({ what }) => what)).toEqual([
      'sign-in approle',
      'policy ofitec-reader',
    ]);
    const long = await bao.call('POST', 'auth/approle/role/ofitec-door/secret-id', {});
    expect(long.body.data?.['secret_id_ttl']).toBe(400 * 86_400);
  });

  it('writes by check-and-set and reads with the version and its age', async () => {
    const kv = new Kv(root());
    const path = 'kv/data/ofitec/cas';
    expect(await kv.read(path)).toBeNull();
    expect(await kv.write(path, { a: '1' }, 0)).toBe(1);
    expect(await kv.write(path, { a: '2' }, 1)).toBe(2);
    expect(await troubleOf(kv.write(path, { a: '3' }, 1))).toMatchObject({ trouble: 'conflict' });
    expect(await kv.get(path)).toMatchObject({ data: { a: '2' }, version: 2 });
    expect(await kv.read(path, 1)).toMatchObject({ data: { a: '1' }, version: 1 });
    expect(await kv.keysOf(path)).toEqual(['a']);
    await bao.call('DELETE', path);
    expect(await kv.read(path)).toBeNull();
    expect(await kv.versionOf(path)).toBe(2);
    expect(await troubleOf(kv.read('kv/data/ofitec/../sys'))).toMatchObject({ trouble: 'refused' });
  });

  it('finds out whether a write without an answer was done, and does it once', async () => {
    const kv = new Kv(root(faulty.url));
    const path = 'kv/data/ofitec/unanswered';
    let swallowed = 0;
    faulty.watch = async ({ method }, when) => {
      if (method === 'GET' || swallowed >= 2) return;
      // First the request is lost, then the answer.
      if (when === (swallowed === 0 ? 'before' : 'after')) {
        swallowed += 1;
        throw new Error('the wire is cut');
      }
    };
    expect(await kv.write(path, { a: '1' }, 0)).toBe(1);
    faulty.watch = () => undefined;
    expect(swallowed).toBe(2);
    expect(await kv.get(path)).toMatchObject({ version: 1 });
  });

  it.each([
    ['down', 'unreachable'],
    ['slow', 'silent'],
    ['denied', 'denied'],
    ['limited', 'limited'],
    ['broken', 'broken'],
    ['no leader', 'standby'],
    ['stranger', 'redirected'],
    ['not json', 'broken'],
    // It repeats what it was sent.
    ['telling', 'refused'],
  ] as const)('%s: says %s, within its patience, and names no value', async (fault, trouble) => {
    const vault = hasty(faulty.url);
    await faulty.set(fault);
    const began = performance.now();
    const body = { options: { cas: 0 }, data: { key: CANARY } };
    const asked = await troubleOf(vault.call(PATH));
    expect(asked.trouble).toBe(trouble);
    // Ten times as long, for a machine that has other things to do.
    expect(performance.now() - began).toBeLessThan(15_000);
    const told = await troubleOf(vault.call(PATH, { body }));
    expect(told.trouble).toBe(trouble);
    const said = inspect([asked, told, vault], { depth: 9, showHidden: true });
    expect(said).not.toContain(CANARY);
    expect(said).not.toContain(bao.rootToken);
  });

  it('goes on when a bad moment passes within its patience', async () => {
    const kv = new Kv(root(faulty.url));
    await kv.write('kv/data/ofitec/moment', { a: '1' }, 0);
    for (const fault of ['limited', 'broken', 'no leader'] as const) {
      await faulty.set(fault, 2);
      expect(await kv.get('kv/data/ofitec/moment')).toMatchObject({ version: 1 });
    }
  });

  it('tells a stranger nothing, and follows a standby to a known address', async () => {
    const heard: string[] = [];
    const stranger = createServer((request, response) => {
      heard.push(JSON.stringify(request.headers));
      response.end('{}');
    });
    await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
    faulty.strangerUrl = `http://127.0.0.1:${(stranger.address() as AddressInfo).port}`;
    await faulty.set('stranger');
    expect(await troubleOf(hasty(faulty.url).call(PATH))).toMatchObject({ trouble: 'redirected' });
    expect(heard).toEqual([]);
    stranger.close();

    faulty.strangerUrl = bao.url;
    const both = vaultAt(faulty.url, bao.url).withToken(bao.rootToken);
    expect((await both.call('sys/mounts')).data).toHaveProperty(['kv/']);
    await faulty.set('down');
    expect((await both.call('sys/mounts')).data).toHaveProperty(['kv/']);
  });

  it('demands the authority of its certificate', async () => {
    const trusting = new Vault({ urls: [bao.url], timeoutMs: 20_000, patienceMs: 0 });
    expect(await troubleOf(trusting.call('sys/health'))).toMatchObject({
      trouble: 'distrusted',
    });
  });

  it('knows sealed from uninitialised, and standby from a limit', async () => {
    const { address } = root();
    expect(await secrets.readHealth(address)).toMatchObject({ state: 'active' });
    await bao.seal();
    expect(await secrets.readHealth(address)).toMatchObject({ state: 'sealed' });
    expect(await troubleOf(root().call(PATH))).toMatchObject({ trouble: 'sealed' });
    await bao.unseal();
    const fresh = await OpenBao.open({ initialise: false });
    const vault = new Vault({
      ...address,
      urls: [fresh.url],
      ca: readFileSync(fresh.caFile, 'utf8'),
    });
    expect(await secrets.readHealth(vault.address)).toMatchObject({ state: 'uninitialised' });
    expect(await troubleOf(vault.withToken('x').call(PATH))).toMatchObject({
      trouble: 'uninitialised',
    });
    await fresh.stop();
  });

  async function roleIdOf(role: string): Promise<string> {
    const { body } = await bao.call('GET', `auth/approle/role/${role}/role-id`);
    return String(body.data?.['role_id']);
  }

  it('signs in by AppRole, may read and no more, renews and ends its token', async () => {
    const kv = new Kv(root());
    await kv.write(PATH, { KEY: 'value' }, 0);
    const { body } = await bao.call('POST', 'auth/approle/role/ofitec-reader/secret-id', {});
    const secretId = String(body.data?.['secret_id']);
    const proof = { kind: 'approle', mount: 'approle', secretId } as const;
    const session = await secrets.signIn(vaultAt(bao.url), {
      ...proof,
      roleId: await roleIdOf('ofitec-reader'),
    });
    const reader = new Kv(session.vault);
    expect((await reader.get(PATH)).data).toEqual({ KEY: 'value' });
    for (const refused of [
      reader.write(PATH, { KEY: 'other' }, 1),
      reader.keysOf(PATH),
      reader.read('kv/data/other'),
      reader.read('kv/data/ofitec-rotation/db'),
      session.vault.call('sys/mounts'),
    ]) {
      expect(await troubleOf(refused)).toMatchObject({ trouble: 'denied' });
    }
    const token = await secrets.readToken(session.vault);
    expect(token).toMatchObject({ renewable: true, policies: ['default', 'ofitec-reader'] });
    expect(await secrets.renewSelf(session.vault)).toMatchObject({ accessor: token.accessor });
    await session.leave();
    expect(await troubleOf(reader.get(PATH))).toMatchObject({ trouble: 'denied' });
    const wrong = { ...proof, roleId: 'nobody' };
    const refused = await troubleOf(secrets.signIn(vaultAt(bao.url), wrong));
    expect(refused.trouble).toBe('refused');
    expect(refused.message).not.toContain(secretId);
  });

  it('opens a wrapped secret id once, and finds out who was there before', async () => {
    const roleId = await roleIdOf('ofitec-reader');
    const role = 'ofitec-reader';
    const wrapped = { kind: 'wrapped', mount: 'approle', roleId, role } as const;
    const wrappingToken = await secrets.wrapSecretId(root(), role, 60);
    await (await secrets.signIn(vaultAt(bao.url), { ...wrapped, wrappingToken })).leave();
    expect(
      await troubleOf(secrets.signIn(vaultAt(bao.url), { ...wrapped, wrappingToken })),
    ).toMatchObject({ trouble: 'refused', message: expect.stringContaining('opened before') });
    const other = await secrets.wrapSecretId(root(), 'ofitec-doctor', 60);
    expect(
      await troubleOf(secrets.signIn(vaultAt(bao.url), { ...wrapped, wrappingToken: other })),
    ).toMatchObject({ trouble: 'refused', message: expect.stringContaining('ofitec-doctor') });
  });

  it('signs in with a signed token, as pods and CI do', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
    await secrets.setUpJwt(root(), {
      mount: 'jwt',
      kind: 'jwt',
      config: {
        jwt_validation_pubkeys: [publicKey.export({ type: 'spki', format: 'pem' }).toString()],
      },
      role: {
        role_type: 'jwt',
        bound_audiences: ['ofitec'],
        bound_subject: 'system:serviceaccount:erp:ofitec',
        user_claim: 'sub',
        token_policies: ['ofitec-reader'],
        token_ttl: 600,
      },
    });
    const jwtFile = join(bao.folder, 'jwt');
    const write = (sub: string): void => {
      const encode = (part: object): string =>
        Buffer.from(JSON.stringify(part)).toString('base64url');
      const exp = Math.floor(Date.now() / 1_000) + 60;
      const head = `${encode({ alg: 'RS256', typ: 'JWT' })}.${encode({ sub, aud: 'ofitec', exp })}`;
      const signature = createSign('RSA-SHA256').update(head).sign(privateKey, 'base64url');
      writeFileSync(jwtFile, `${head}.${signature}`);
    };
    const proof = { kind: 'jwt', mount: 'jwt', role: 'ofitec-reader', jwtFile } as const;
    write('system:serviceaccount:erp:ofitec');
    await secrets.signedIn(vaultAt(bao.url), proof, async (vault) => {
      expect((await new Kv(vault).get(PATH)).version).toBe(1);
    });
    write('system:serviceaccount:erp:somebody');
    expect(await troubleOf(secrets.signIn(vaultAt(bao.url), proof))).toMatchObject({
      trouble: expect.stringMatching(/refused|denied/),
    });
  });
});
