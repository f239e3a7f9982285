import { DeliveryExhausted } from '../events/delivery.events.js';
import { alertSignal, defineAlert } from './alert.js';

/** What the kernel itself can be in trouble with. */
export const kernelAlerts = [
  defineAlert({
    type: 'database.unavailable',
    severity: 'critical',
    summary: {
      es: 'La base de datos no responde',
      en: 'The database does not answer',
    },
    scope: 'installation',
    goodSigns: 3,
    quietMinutes: 5,
    inhibits: ['http.server_error', 'delivery.exhausted'],
  }),
  defineAlert({
    type: 'http.server_error',
    severity: 'critical',
    summary: {
      es: 'Una ruta responde con error interno',
      en: 'A route answers with an internal error',
    },
    scope: 'installation',
    goodSigns: 2,
    quietMinutes: 30,
  }),
  defineAlert({
    type: 'delivery.exhausted',
    severity: 'warning',
    summary: {
      es: 'Un evento no se pudo entregar, tras todos los intentos',
      en: 'An event could not be delivered, after every attempt',
    },
    scope: 'company',
    raisedBy: [alertSignal(DeliveryExhausted, ({ payload }) => [payload.handler])],
  }),
];
