import { alertSignal, defineAlert } from '#kernel';
import type { AlertDefinition } from '#kernel';
import {
  HeartbeatChanged,
  HeartbeatMissed,
  HeartbeatRecovered,
} from '../heartbeat/heartbeat.events.js';

/** Raised from outside: by `ofitec alerts raise`, or by a source with a token. */
function fromOutside(
  type: string,
  severity: AlertDefinition['severity'],
  es: string,
  en: string,
): AlertDefinition {
  const summary = { es, en };
  return defineAlert({ type, severity, summary, scope: 'installation' });
}

/** The types that no single addon owns, and those of programs outside of the house. */
export const alertDefinitions: readonly AlertDefinition[] = [
  defineAlert({
    type: 'heartbeat.missed',
    severity: 'warning',
    summary: {
      es: 'Algo que se esperaba no ocurrió a tiempo',
      en: 'Something that was expected did not happen in time',
    },
    scope: 'company',
    raisedBy: [
      alertSignal(
        HeartbeatMissed,
        ({ payload }) => [payload.name],
        ({ payload }) => payload.severity,
      ),
    ],
    clearedBy: [
      alertSignal(HeartbeatRecovered, ({ payload }) => [payload.name]),
      // Who puts it to rest knows of it; nothing would ever end the alert otherwise.
      alertSignal(HeartbeatChanged, ({ payload: { name, state } }) =>
        state === 'paused' ? [name] : [],
      ),
    ],
  }),
  defineAlert({
    type: 'disk.low',
    severity: 'critical',
    summary: { es: 'Queda poco espacio en un disco', en: 'A disk is nearly full' },
    scope: 'installation',
    goodSigns: 3,
    // A machine that is gone measures nothing more.
    quietMinutes: 1_440,
  }),
  defineAlert({
    type: 'alert.test_fired',
    severity: 'info',
    summary: { es: 'Alerta de prueba, no significa nada', en: 'A test, which means nothing' },
    scope: 'company',
    quietMinutes: 5,
  }),
  fromOutside(
    'backup.missing',
    'critical',
    'Falta un respaldo reciente, o no se pudo restaurar',
    'A recent backup is missing, or could not be restored',
  ),
  fromOutside(
    'secret.expiring',
    'warning',
    'Un secreto vence pronto o no se rotó',
    'A secret expires soon, or was not rotated',
  ),
  fromOutside(
    'rotation.stuck',
    'critical',
    'La rotación de un secreto quedó a medias',
    'The rotation of a secret stands still',
  ),
  defineAlert({
    type: 'vault.unavailable',
    severity: 'warning',
    summary: {
      es: 'No se pudieron leer los secretos; siguen los últimos',
      en: 'The secrets could not be read; the last ones stay',
    },
    scope: 'installation',
    // It is told anew at each attempt, once a minute.
    quietMinutes: 15,
  }),
  // Those two are measured by each worker, and may be told from outside as well.
  fromOutside(
    'certificate.expiring',
    'warning',
    'Un certificado vence pronto',
    'A certificate expires soon',
  ),
  fromOutside(
    'replication.degraded',
    'critical',
    'La base de datos tiene menos réplicas de las que debe',
    'The database has fewer replicas than it should',
  ),
];
