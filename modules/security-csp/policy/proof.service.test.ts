import { beforeAll, describe, expect, it } from '@jest/globals';
import { House } from '#test';
import type { Client } from '#test';

const GROUPS = 20_000;
const TEXT = "default-src 'self'; script-src 'self'; object-src 'none'; base-uri 'none'";

/** A proof over more groups than anybody has looked at one by one. */
describe('a proof of twenty thousand groups', () => {
  let house: House;
  let admin: Client;

  beforeAll(async () => {
    house = await House.open();
    admin = await house.as('admin');
    const app = await admin.post('security-csp/apps', { slug: 'grande', hosts: ['*'] });
    await house.rows(
      'owner',
      `INSERT INTO security_csp_group (id, company_id, created_at, updated_at, version, app_id, app,
         fingerprint, policy_hash, policy_version, disposition, directive, blocked_kind, blocked_origin,
         blocked_url, foreign_document, document_origins, first_seen_at, last_seen_at, last_day, count,
         days, pages, reporters, page_sketch, reporter_sketch, browsers, samples, noise, noise_reason,
         noise_overridden, verdict, verdict_at)
       SELECT gen_random_uuid(), company_id, now(), now(), 1, id, slug, 'f' || n, 'h', 1, 'report',
         CASE n % 2 WHEN 0 THEN 'img-src' ELSE 'font-src' END, 'url', 'https://cdn' || n || '.test',
         'https://cdn' || n || '.test/a', false, '{https://grande.example}', now(), now(), current_date,
         1, 1, 1, 1, '{}', '{}', '{}', 0, n % 4 = 3, CASE n % 4 WHEN 3 THEN 'marked' END, false,
         (ARRAY['accepted', 'rejected', 'pending', 'pending'])[n % 4 + 1],
         CASE WHEN n % 4 < 2 THEN now() END
       FROM security_csp_app, generate_series(1, ${GROUPS}) n WHERE id = '${app.body.id}'`,
    );
  }, 60_000);

  it('counts every one, keeps a bounded artefact, and lets others be served meanwhile', async () => {
    const { body: policy } = await admin.post('security-csp/policies', {
      ...{ app: 'grande', policy: TEXT },
    });
    const proving = admin.post(`security-csp/policies/${policy.id}/prove`);
    let served = 0;
    const others = async (): Promise<'over'> => {
      for (; served < 5; served += 1) expect((await admin.get('auth/me')).status).toBe(200);
      return 'over';
    };
    expect(await Promise.race([others(), proving])).toBe('over');
    const { body: proof } = await proving;
    expect([proof.passed, proof.failures.length]).toEqual([false, 100]);
    expect(proof.counts).toEqual({
      ...{ accepted: GROUPS / 4, acceptedAllowed: 0 },
      ...{ rejected: GROUPS / 4, rejectedBlocked: GROUPS / 4 },
      ...{ unprovable: 0, unexplained: GROUPS / 4, noise: GROUPS / 4 },
    });
    const [{ bytes } = { bytes: 0 }] = await house.rows<{ bytes: number }>(
      'owner',
      `SELECT octet_length(row_to_json(p)::text) AS bytes FROM security_csp_proof p
       WHERE id = '${proof.id}'`,
    );
    expect(bytes).toBeLessThan(64_000);
  }, 60_000);
});
