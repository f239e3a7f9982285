import { createSign, generateKeyPairSync, randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';

const HEAD = { kind: 'TokenReview', apiVersion: 'authentication.k8s.io/v1' };
const PATH = '/apis/authentication.k8s.io/v1/tokenreviews';
/** What an API server takes itself for unless it is told. */
const AUDIENCE = 'https://kubernetes.default.svc.cluster.local';

/** Who a token belongs to: the service account of a pod. */
export interface ServiceAccount {
  readonly namespace: string;
  readonly name: string;
}

/** A pod's token as it was given out. */
interface Issued {
  readonly account: ServiceAccount;
  readonly uid: string;
  readonly audiences: readonly string[];
  readonly endsAt: number;
}

/** A request for a review, as far as it is understood. */
interface Review {
  readonly kind?: unknown;
  readonly apiVersion?: unknown;
  readonly spec?: { readonly token?: unknown; readonly audiences?: unknown };
}

/**
 * Plays the API server of Kubernetes for whoever asks it about tokens of service accounts
 * (`authentication.k8s.io/v1`, TokenReview), and gives out such tokens. It stands where no cluster is;
 * `tokenReviewContract` says what it and a real one must both do.
 */
export class PlayedTokenReview {
  private readonly keys = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  private readonly issued = new Map<string, Issued>();
  private readonly uids = new Map<string, string>();
  private server: Server | null = null;
  private port = 0;
  /** Token of who may ask for reviews: the binding `system:auth-delegator` of a real cluster. */
  readonly reviewer: string;
  /** Reviews that were asked for by whoever may. */
  reviewed = 0;

  /** @param pair certificate and key for the host, PEM */
  constructor(private readonly pair: { readonly cert: Buffer; readonly key: Buffer }) {
    this.reviewer = this.issue({ namespace: 'vault', name: 'reviewer' });
  }

  /** Takes connections; again at the same port after {@link close}. */
  async open(): Promise<void> {
    const server = createServer(this.pair, (asked, answer) => {
      this.take(asked, answer).catch(() => answer.destroy());
    });
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    this.port = (server.address() as AddressInfo).port;
    this.server = server;
  }

  get url(): string {
    return `https://127.0.0.1:${this.port}`;
  }

  async close(): Promise<void> {
    const { server } = this;
    this.server = null;
    server?.closeAllConnections();
    if (server) await new Promise((resolve) => server.close(resolve));
  }

  /** A token as the kubelet puts it into a pod. */
  issue(
    account: ServiceAccount,
    { seconds = 3_600, audiences = [AUDIENCE] }: { seconds?: number; audiences?: string[] } = {},
  ): string {
    const { namespace, name } = account;
    const now = Math.floor(Date.now() / 1_000);
    const uid = this.uidOf(account);
    const claims = {
      ...{ aud: audiences, iss: AUDIENCE, sub: userOf(account), jti: randomUUID() },
      ...{ iat: now - 60, nbf: now - 60, exp: now + seconds },
      'kubernetes.io': { namespace, serviceaccount: { name, uid } },
    };
    const encode = (part: object): string =>
      Buffer.from(JSON.stringify(part)).toString('base64url');
    const head = `${encode({ alg: 'RS256', typ: 'JWT' })}.${encode(claims)}`;
    const token = `${head}.${createSign('RSA-SHA256').update(head).sign(this.keys.privateKey, 'base64url')}`;
    this.issued.set(token, { account, uid, audiences, endsAt: (now + seconds) * 1_000 });
    return token;
  }

  /** The pod or its account is gone: its tokens are good for nothing, though their time is not over. */
  revoke(token: string): void {
    this.issued.delete(token);
  }

  private uidOf(account: ServiceAccount): string {
    const user = userOf(account);
    const uid = this.uids.get(user) ?? randomUUID();
    this.uids.set(user, uid);
    return uid;
  }

  private async take(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of asked) chunks.push(chunk as Buffer);
    const say = (status: number, body: object): void => {
      answer.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    const asker = this.known(asked.headers.authorization?.replace(/^Bearer /, ''));
    if (asked.method !== 'POST' || asked.url !== PATH) return say(404, failure(404, 'NotFound'));
    if (!asker) return say(401, failure(401, 'Unauthorized'));
    if (userOf(asker.account) !== 'system:serviceaccount:vault:reviewer') {
      return say(403, failure(403, 'Forbidden'));
    }
    const review = parse(Buffer.concat(chunks).toString());
    // Vault names neither: the address says what it is.
    const { kind, apiVersion } = { ...HEAD, ...review };
    if (!review || kind !== HEAD.kind || apiVersion !== HEAD.apiVersion) {
      return say(400, failure(400, 'BadRequest'));
    }
    this.reviewed += 1;
    return say(201, { ...HEAD, metadata: {}, spec: review.spec, status: this.statusOf(review) });
  }

  private statusOf({ spec }: Review): object {
    const found = this.known(spec?.token);
    if (!found) return { user: {}, error: 'invalid bearer token' };
    const asked = Array.isArray(spec?.audiences) ? spec.audiences.map(String) : [];
    const audiences = (asked.length > 0 ? asked : [AUDIENCE]).filter((each) =>
      found.audiences.includes(each),
    );
    if (audiences.length === 0) return { user: {}, error: 'token audiences are invalid' };
    const { account, uid } = found;
    const groups = ['system:serviceaccounts', `system:serviceaccounts:${account.namespace}`];
    const user = { username: userOf(account), uid, groups: [...groups, 'system:authenticated'] };
    return { authenticated: true, user, audiences };
  }

  private known(token: unknown): Issued | null {
    const found = typeof token === 'string' ? this.issued.get(token) : undefined;
    return found && found.endsAt > Date.now() ? found : null;
  }
}

function userOf({ namespace, name }: ServiceAccount): string {
  return `system:serviceaccount:${namespace}:${name}`;
}

function failure(code: number, reason: string): object {
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', message: reason, reason, code };
}

function parse(text: string): Review | null {
  try {
    return JSON.parse(text) as Review;
  } catch {
    return null;
  }
}
