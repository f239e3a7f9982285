import { defineProblem } from '#kernel';

/** One answer whatever does not fit, also for a connector that is not there: it tells nothing apart. */
export const WebhookNotSigned = defineProblem({
  code: 'sii-connector.webhook-not-signed',
  status: 401,
  title: {
    es: 'La firma del aviso no corresponde, o es de otro momento',
    en: 'The webhook’s signature does not fit, or is of another time',
  },
});
