import supertest from 'supertest';
import type { Response, Test } from 'supertest';
import { newId } from '#kernel';

export type StatusCheck = (method: string, url: string, status: number) => void;

/** A REST client of one user, or of nobody. */
export class Client {
  constructor(
    readonly url: string,
    public token: string | null = null,
    /** Looks at every answer; a house's clients check that its status is documented. */
    private readonly check: StatusCheck = () => {},
  ) {}

  /** Any request to any path, with the client's token. */
  raw(
    method: 'get' | 'post' | 'patch' | 'put' | 'delete',
    path: string,
    body?: object,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Response> {
    return this.send(supertest(this.url)[method](path), body, headers);
  }

  /** GET below /api/v1. */
  get(path: string): Promise<Response> {
    return this.send(supertest(this.url).get(`/api/v1/${path}`));
  }

  /** POST below /api/v1; a verb without fields has no body. */
  post(
    path: string,
    body?: object,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Response> {
    return this.send(supertest(this.url).post(`/api/v1/${path}`), body, headers);
  }

  /** POST with an idempotency key, a new one unless given. */
  pay(path: string, body: object, key: string = newId()): Promise<Response> {
    return this.post(path, body, { 'idempotency-key': key });
  }

  /** PATCH with the version that was read. */
  patch(path: string, body: object, version?: number): Promise<Response> {
    return this.send(supertest(this.url).patch(`/api/v1/${path}`), body, ifMatch(version));
  }

  /** PUT with the version that was read. */
  put(path: string, body: object, version?: number): Promise<Response> {
    return this.send(supertest(this.url).put(`/api/v1/${path}`), body, ifMatch(version));
  }

  /** DELETE below /api/v1. */
  delete(path: string): Promise<Response> {
    return this.send(supertest(this.url).delete(`/api/v1/${path}`));
  }

  private async send(
    test: Test,
    body?: object,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Response> {
    if (this.token) test.set('authorization', `Bearer ${this.token}`);
    test.set(headers);
    const answer = await (body === undefined ? test : test.send(body));
    this.check(test.method, test.url, answer.status);
    return answer;
  }
}

function ifMatch(version: number | undefined): Record<string, string> {
  return version === undefined ? {} : { 'if-match': `"${version}"` };
}

/** How often a sign-in is asked for while the database does not answer; each takes the pool's time-out. */
const TRIES = 3;

/** Signs in. @throws Error with the server's answer when that fails */
export async function signIn(
  url: string,
  login: string,
  password: string,
  check?: StatusCheck,
): Promise<Client> {
  for (let tries = 1; ; tries += 1) {
    const answer = await new Client(url).post('auth/login', { login, password });
    if (answer.status === 200) return new Client(url, String(answer.body.token), check);
    // On a machine under load no connection may come in time; a till would ask again, too.
    if (answer.status !== 503 || tries === TRIES)
      throw new Error(`${login} cannot sign in: ${answer.text}`);
  }
}
