import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { secrets, SecretsLab } from '#test';
import type { Ended } from '#test';

const POD = { namespace: 'ofitec', name: 'ofitec-render' };

/** Pods sign in to a real OpenBao, which asks the API server of Kubernetes about them; that one is played. */
describe('signing in from Kubernetes', () => {
  let lab: SecretsLab;
  let api: secrets.PlayedTokenReview;
  let world: secrets.TokenReviewWorld;

  beforeAll(async () => {
    lab = await SecretsLab.open();
    const of = (name: string): Buffer => readFileSync(join(lab.bao.folder, name));
    api = new secrets.PlayedTokenReview({ cert: of('cert.pem'), key: of('key.pem') });
    await api.open();
    const gone = api.issue(POD);
    api.revoke(gone);
    world = {
      ...{ url: api.url, ca: of('cert.pem').toString(), reviewer: api.reviewer },
      good: { token: api.issue(POD), username: 'system:serviceaccount:ofitec:ofitec-render' },
      bad: {
        ...{ gone, forged: forged(api.issue(POD)) },
        expired: api.issue(POD, { seconds: -600 }),
      },
      elsewhere: { token: api.issue(POD, { audiences: ['vault'] }), audience: 'vault' },
    };
    mkdirSync(lab.file('host'));
    lab.configure({ files: [{ key: 'KEY', file: lab.file('host/key') }] });
    await lab.put({ KEY: 'what the pod is to have' });
  }, 300_000);

  afterAll(async () => {
    await api?.close();
    await lab?.close();
  });

  secrets.tokenReviewContract({ describe, it }, 'played', () => world);

  /** The options of `setup --auth`, as the page shows them. */
  function enrolPods(role: object = {}): Promise<Ended> {
    const options = {
      kind: 'kubernetes',
      config: {
        kubernetes_host: api.url,
        kubernetes_ca_cert: readFileSync(lab.bao.caFile, 'utf8'),
        token_reviewer_jwt: api.reviewer,
        disable_local_ca_jwt: true,
      },
      role: {
        bound_service_account_names: [POD.name],
        bound_service_account_namespaces: [POD.namespace],
        token_ttl: 600,
        ...role,
      },
    };
    writeFileSync(lab.file('kubernetes.json'), JSON.stringify(options), { mode: 0o600 });
    return lab.asRoot('setup', '--auth', lab.file('kubernetes.json'));
  }

  /** `render` in a pod whose token is this one. */
  async function renderWith(token: string): Promise<Ended> {
    writeFileSync(lab.file('token'), `${token}\n`, { mode: 0o600 });
    // Vault refuses with 500 while it cannot ask, which is asked again.
    const env = {
      ...{ VAULT_AUTH: 'kubernetes', VAULT_JWT_FILE: lab.file('token') },
      VAULT_CLIENT_TIMEOUT: '5',
    };
    const ended = await lab.start(['render'], env).end();
    expect(ended.output).not.toContain(token);
    return ended;
  }

  it('lets a pod of the bound account in, which may read and leaves no token behind', async () => {
    expect(await enrolPods()).toMatchObject({ code: 0 });
    const before = api.reviewed;
    const { code, output } = await renderWith(api.issue(POD));
    expect([code, output]).toEqual([0, expect.stringContaining('Version 1')]);
    expect(lab.read('host/key')).toBe('what the pod is to have');
    expect(api.reviewed).toBe(before + 1);
    const { body } = await lab.bao.call('GET', 'auth/token/accessors?list=true');
    for (const accessor of (body.data?.['keys'] ?? []) as string[]) {
      const found = await lab.bao.call('POST', 'auth/token/lookup-accessor', { accessor });
      expect(JSON.stringify(found.body)).not.toContain('auth/kubernetes');
    }
  });

  it.each([
    ['of another account', () => api.issue({ ...POD, name: 'somebody' })],
    ['of another namespace', () => api.issue({ ...POD, namespace: 'default' })],
    ['that expired', () => api.issue(POD, { seconds: -600 })],
    [
      'of a pod that is gone',
      () => {
        const token = api.issue(POD);
        api.revoke(token);
        return token;
      },
    ],
    ['with a forged signature', () => forged(api.issue(POD))],
    ['that is none', () => 'not-a-token'],
  ])('refuses a token %s, says so, and keeps the file', async (_, make) => {
    writeFileSync(lab.file('host/key'), 'the last rendering', { mode: 0o600 });
    const { code, output } = await renderWith(make());
    expect([code, output]).toEqual([1, expect.stringMatching(/sign-in kubernetes is refused/)]);
    expect(output).toContain('stay as they are');
    expect(lab.read('host/key')).toBe('the last rendering');
  });

  it('takes a token for its own audience only, where the role demands one', async () => {
    expect(await enrolPods({ audience: 'vault' })).toMatchObject({ code: 0 });
    expect((await renderWith(api.issue(POD))).code).toBe(1);
    expect(await renderWith(api.issue(POD, { audiences: ['vault'] }))).toMatchObject({ code: 0 });
    expect(await enrolPods()).toMatchObject({ code: 0 });
  });

  it('lets nobody in while the API server is away, or no longer knows who asks', async () => {
    const token = api.issue(POD);
    await api.close();
    writeFileSync(lab.file('host/key'), 'the last rendering', { mode: 0o600 });
    const away = await renderWith(token);
    expect([away.code, away.output]).toEqual([1, expect.stringContaining('stay as they are')]);
    await api.open();
    api.revoke(api.reviewer);
    expect((await renderWith(token)).code).toBe(1);
    expect(lab.read('host/key')).toBe('the last rendering');
  });
});

function forged(token: string): string {
  const [head = '', claims = '', signature = ''] = token.split('.');
  return [head, claims, [...signature].toReversed().join('')].join('.');
}
