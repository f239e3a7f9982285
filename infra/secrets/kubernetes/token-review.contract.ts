import assert from 'node:assert/strict';
import { ask } from '../../failover/dns/ask.js';

/** An API server that is asked about tokens, and tokens of each kind. */
export interface TokenReviewWorld {
  readonly url: string;
  /** PEM of the authority of its certificate. */
  readonly ca: string;
  /** Token of who may ask for reviews. */
  readonly reviewer: string;
  /** A token that is good, of this user. */
  readonly good: { readonly token: string; readonly username: string };
  /** Tokens that are not, by what is wrong with them: expired, of a pod that is gone, forged. */
  readonly bad: Readonly<Record<string, string>>;
  /** A token that is good for this audience, and for no API server. */
  readonly elsewhere: { readonly token: string; readonly audience: string };
}

/** A test runner: that of Jest, Vitest, Mocha or `node:test`. */
interface Runner {
  readonly describe: (name: string, body: () => void) => unknown;
  readonly it: (name: string, body: () => Promise<void>) => unknown;
}

interface Status {
  readonly authenticated?: boolean;
  readonly error?: string;
  readonly user?: { readonly username?: string; readonly uid?: string };
  readonly audiences?: readonly string[];
}

/**
 * What Vault relies on when an API server of Kubernetes tells it whose token it was shown: Kubernetes'
 * API reference, TokenReview v1. It holds for a real cluster as for the one that is played.
 */
export function tokenReviewContract(
  { describe, it }: Runner,
  name: string,
  world: () => TokenReviewWorld,
): void {
  const post = (body: object, bearer: string | null): ReturnType<typeof review> =>
    review(world(), body, bearer);
  const head = { kind: 'TokenReview', apiVersion: 'authentication.k8s.io/v1' };
  const reviewOf = async (token: string, audiences?: string[]): Promise<Status> => {
    const spec = { token, ...(audiences ? { audiences } : {}) };
    const { status, review: said } = await post({ ...head, spec }, world().reviewer);
    assert.equal(status, 201);
    assert.equal(said.kind, 'TokenReview');
    return said.status ?? {};
  };

  describe(`reviews of tokens: ${name}`, () => {
    it('says whose a good token is', async () => {
      const { good } = world();
      const status = await reviewOf(good.token);
      assert.equal(status.authenticated, true);
      assert.equal(status.user?.username, good.username);
      assert.match(status.user?.uid ?? '', /^[0-9a-f-]{36}$/);
      // As Vault asks, which says nothing but whose token it is.
      const bare = await post({ spec: { token: good.token } }, world().reviewer);
      assert.equal(bare.status, 201);
      assert.equal(bare.review.status?.authenticated, true);
    });

    it('vouches for none that expired, is of a pod that is gone, or is forged', async () => {
      for (const [kind, token] of Object.entries(world().bad)) {
        const status = await reviewOf(token);
        assert.notEqual(status.authenticated, true, kind);
        assert.notEqual(status.error ?? '', '', kind);
      }
    });

    it('vouches for a token only before those whom it was made for', async () => {
      const { elsewhere } = world();
      const status = await reviewOf(elsewhere.token, [elsewhere.audience]);
      assert.equal(status.authenticated, true);
      assert.deepEqual(status.audiences, [elsewhere.audience]);
      assert.notEqual((await reviewOf(elsewhere.token)).authenticated, true);
    });

    it('tells nothing to who may not ask, or asks for nothing', async () => {
      const { good, bad, reviewer } = world();
      const asked = { ...head, spec: { token: good.token } };
      assert.equal((await post(asked, null)).status, 401);
      for (const token of Object.values(bad)) assert.equal((await post(asked, token)).status, 401);
      assert.equal((await post(asked, good.token)).status, 403);
      assert.equal((await post({ kind: 'Pod', apiVersion: 'v1' }, reviewer)).status, 400);
    });
  });
}

async function review(
  { url, ca }: TokenReviewWorld,
  body: object,
  bearer: string | null,
): Promise<{ status: number; review: { kind?: string; status?: Status } }> {
  const answer = await ask(`${url}/apis/authentication.k8s.io/v1/tokenreviews`, {
    ...{ method: 'POST', body: JSON.stringify(body), timeoutMs: 10_000, tls: { ca } },
    headers: {
      'content-type': 'application/json',
      ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }),
    },
  });
  return { status: answer.status, review: JSON.parse(answer.body) as { status?: Status } };
}
