import { Injectable } from '@nestjs/common';
import { Config, list } from 'ofitec';
import { NotTaken, SiiAdapter } from 'ofitec/sii-connector';
import type { AdapterReturn, AdapterTarget, Outcome, WebhookSubject } from 'ofitec/sii-connector';

/** What the adapter reads from the environment. */
export const acmeConfig = {
  ACME_SII_HOSTS: list({ summary: 'hosts, with their port, that returns are given to' }),
} as const;

const TIMEOUT_MS = 500;

/** Acme's words for what became of a return; every other one means that a person has to look. */
const STATES: Readonly<Record<string, Outcome['state']>> = {
  EN_COLA: 'accepted',
  PRESENTADO: 'filed',
  RECHAZADO: 'rejected',
};

interface AcmeAnswer {
  readonly tramite?: { readonly id?: string; readonly estado?: string };
  readonly comprobante?: { readonly folio?: number; readonly fecha?: string };
  readonly error?: { readonly mensaje?: string };
}

/**
 * The way to the SII over Acme, which speaks its own protocol: a return is PUT under our key, which
 * makes it the same submission however often it comes.
 */
@Injectable()
export class AcmeAdapter extends SiiAdapter {
  readonly kind = 'acme';
  readonly capabilities = ['submit', 'status', 'webhook'] as const;

  constructor(private readonly config: Config) {
    super();
  }

  async submit(target: AdapterTarget, given: AdapterReturn, key: string): Promise<Outcome> {
    const { rut, period, revision, codes } = given;
    const body = {
      formulario: 29,
      contribuyente: { rut },
      periodo: `${period.slice(0, 4)}-${period.slice(4)}`,
      rectifica: revision > 1,
      valores: Object.entries(codes).map(([codigo, valor]) => ({ codigo, valor })),
    };
    const { status, answer } = await this.call(target, 'PUT', `/v2/declaraciones/${key}`, body);
    // What Acme has not read it has not kept; after a 5xx nobody knows.
    if (status === 429) throw new NotTaken('Acme is busy');
    if (status >= 500) throw new Error(`Acme answered ${status}`);
    if (status >= 400) {
      const detail = answer.error?.mensaje ?? `Acme answered ${status}`;
      return { state: 'rejected', externalId: key, detail: detail.slice(0, 300) };
    }
    return outcomeOf(answer);
  }

  async find(target: AdapterTarget, key: string): Promise<Outcome | null> {
    const { status, answer } = await this.call(target, 'GET', `/v2/declaraciones/${key}`);
    if (status === 404) return null;
    if (status !== 200) throw new Error(`Acme answered ${status}`);
    return outcomeOf(answer);
  }

  async probe(target: AdapterTarget): Promise<void> {
    const { status } = await this.call(target, 'GET', '/v2/estado');
    if (status !== 200) throw new Error(`Acme answered ${status}`);
  }

  override subjectOf(_target: AdapterTarget, body: unknown): WebhookSubject | null {
    const { tramite } = (body ?? {}) as { readonly tramite?: unknown };
    return typeof tramite === 'string' && tramite !== '' ? { externalId: tramite } : null;
  }

  private async call(
    { baseUrl, secret }: AdapterTarget,
    method: string,
    path: string,
    body?: object,
  ): Promise<{ status: number; answer: AcmeAnswer }> {
    const url = new URL(path, baseUrl ?? undefined);
    // A connector's address is typed by a person of the company: the operator names the hosts.
    if (!this.config.of(acmeConfig).ACME_SII_HOSTS.includes(url.host)) {
      throw new NotTaken(`${url.host} is not one of ACME_SII_HOSTS`);
    }
    const headers = { 'content-type': 'application/json', 'x-api-key': secret ?? '' };
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const init = { method, headers, signal, redirect: 'error' as const };
    try {
      const said = await fetch(url, body ? { ...init, body: JSON.stringify(body) } : init);
      return { status: said.status, answer: (await said.json()) as AcmeAnswer };
    } catch (error) {
      const { cause, name } = error as Error & { cause?: { code?: string } };
      if (cause?.code === 'ECONNREFUSED') throw new NotTaken('Acme was not reached');
      throw new Error(`Acme did not answer: ${name}`, { cause: error });
    }
  }
}

/** @throws Error when it says nothing that is understood: then nobody knows */
function outcomeOf({ tramite, comprobante }: AcmeAnswer): Outcome {
  const { id, estado = '' } = tramite ?? {};
  if (!id) throw new Error('Acme’s answer is no outcome');
  const state = STATES[estado] ?? 'needs_action';
  const { folio, fecha } = comprobante ?? {};
  if (state !== 'filed') return { state, externalId: id };
  if (folio === undefined || fecha === undefined) return { state: 'needs_action', externalId: id };
  return { state, externalId: id, folio: String(folio), filedOn: fecha.slice(0, 10) };
}
