import { defineProblem } from '#kernel';

export const HeartbeatRefused = defineProblem({
  code: 'operational-alerts.heartbeat-refused',
  status: 422,
  title: { es: 'El latido no sirve así', en: 'The heartbeat does not work like that' },
});

export const HeartbeatNameTaken = defineProblem({
  code: 'operational-alerts.heartbeat-name-taken',
  status: 409,
  title: { es: 'Otro latido ya tiene ese nombre', en: 'Another heartbeat has that name' },
  constraints: ['operational_alerts_heartbeat_name_key'],
});

export const TooManyHeartbeats = defineProblem({
  code: 'operational-alerts.too-many-heartbeats',
  status: 409,
  title: { es: 'La empresa ya tiene 200 latidos', en: 'The company has 200 heartbeats already' },
});

/** One answer for a wrong token and for a right one under another name: it tells nothing apart. */
export const WrongToken = defineProblem({
  code: 'operational-alerts.wrong-token',
  status: 401,
  title: { es: 'El token no corresponde', en: 'The token does not fit' },
});
