import { defineProblem } from './problem.js';

/** The problems that every part of the house shares. */
export const Malformed = defineProblem({
  code: 'kernel.malformed',
  status: 400,
  title: { es: 'La solicitud está mal formada', en: 'The request is malformed' },
});

export const Unauthenticated = defineProblem({
  code: 'kernel.unauthenticated',
  status: 401,
  title: { es: 'Debe iniciar sesión', en: 'You must sign in' },
});

export const Forbidden = defineProblem({
  code: 'kernel.forbidden',
  status: 403,
  title: { es: 'No tiene permiso para hacer esto', en: 'You lack the permission for this' },
});

export const CrossSite = defineProblem({
  code: 'kernel.cross-site',
  status: 403,
  title: {
    es: 'La solicitud con cookie viene de otro sitio',
    en: 'The request with a cookie comes from another site',
  },
});

export const NotFound = defineProblem({
  code: 'kernel.not-found',
  status: 404,
  title: { es: 'No existe', en: 'It does not exist' },
});

export const MethodNotAllowed = defineProblem({
  code: 'kernel.method-not-allowed',
  status: 405,
  title: {
    es: 'Esta dirección no admite ese método',
    en: 'This address does not take that method',
  },
});

export const Conflict = defineProblem({
  code: 'kernel.conflict',
  status: 409,
  title: { es: 'Ya existe o fue cambiado a la vez', en: 'It exists already or changed meanwhile' },
});

export const IdempotencyBusy = defineProblem({
  code: 'kernel.idempotency-busy',
  status: 409,
  title: {
    es: 'Otra solicitud con la misma clave está en curso',
    en: 'Another request with the same key is in flight',
  },
});

export const Stale = defineProblem({
  code: 'kernel.stale',
  status: 412,
  title: {
    es: 'El registro cambió desde que lo leyó',
    en: 'The record changed since you read it',
  },
});

export const TooLarge = defineProblem({
  code: 'kernel.too-large',
  status: 413,
  title: { es: 'El cuerpo es demasiado grande', en: 'The body is too large' },
});

export const UriTooLong = defineProblem({
  code: 'kernel.uri-too-long',
  status: 414,
  title: { es: 'La dirección es demasiado larga', en: 'The address is too long' },
});

export const UnsupportedMediaType = defineProblem({
  code: 'kernel.unsupported-media-type',
  status: 415,
  title: { es: 'Tipo de contenido no admitido', en: 'Unsupported media type' },
});

export const WrongHost = defineProblem({
  code: 'kernel.wrong-host',
  status: 421,
  title: { es: 'Este servidor no atiende ese nombre', en: 'This server does not answer that host' },
});

export const IdempotencyReused = defineProblem({
  code: 'kernel.idempotency-reused',
  status: 422,
  title: {
    es: 'La clave de idempotencia ya se usó con otro contenido',
    en: 'The idempotency key was used with other content',
  },
});

export const UnknownReference = defineProblem({
  code: 'kernel.unknown-reference',
  status: 422,
  title: {
    es: 'La solicitud nombra algo que no existe',
    en: 'The request names something that does not exist',
  },
});

export const OutOfRange = defineProblem({
  code: 'kernel.out-of-range',
  status: 422,
  title: { es: 'Un valor está fuera de rango', en: 'A value is out of range' },
});

export const PeriodTooLong = defineProblem({
  code: 'kernel.period-too-long',
  status: 422,
  title: {
    es: 'El período termina antes de empezar o supera un año',
    en: 'The period ends before it begins or is longer than a year',
  },
});

export const IfMatchRequired = defineProblem({
  code: 'kernel.if-match-required',
  status: 428,
  title: {
    es: 'Falta If-Match con la versión leída',
    en: 'If-Match with the version you read is required',
  },
});

export const TooManyRequests = defineProblem({
  code: 'kernel.too-many-requests',
  status: 429,
  title: {
    es: 'Demasiadas solicitudes; espere antes de seguir',
    en: 'Too many requests; wait before you go on',
  },
});

export const HeadersTooLarge = defineProblem({
  code: 'kernel.headers-too-large',
  status: 431,
  title: { es: 'Las cabeceras son demasiado grandes', en: 'The headers are too large' },
});

export const Internal = defineProblem({
  code: 'kernel.internal',
  status: 500,
  title: { es: 'Error interno', en: 'Internal error' },
});

export const Busy = defineProblem({
  code: 'kernel.busy',
  status: 503,
  title: { es: 'Ocupado; intente de nuevo', en: 'Busy; try again' },
});

export const DatabaseUnavailable = defineProblem({
  code: 'kernel.database-unavailable',
  status: 503,
  title: { es: 'La base de datos no responde', en: 'The database does not answer' },
});

export const StorageFull = defineProblem({
  code: 'kernel.storage-full',
  status: 503,
  title: {
    es: 'No queda espacio en la base de datos; no se guardó nada',
    en: 'The database has no space left; nothing was stored',
  },
});

export const SecretKeyMissing = defineProblem({
  code: 'kernel.secret-key-missing',
  status: 503,
  title: {
    es: 'Falta SECRET_KEY: este servidor no puede guardar secretos',
    en: 'SECRET_KEY is missing: this server cannot keep secrets',
  },
});

export const AddonAbsent = defineProblem({
  code: 'kernel.addon-absent',
  status: 503,
  title: {
    es: 'Falta una parte más nueva de la casa que tiene datos de esta persona; hágalo con la versión nueva',
    en: 'A newer part of the house that holds data of this person is not here; do it with the newer release',
  },
});

export const NotReady = defineProblem({
  code: 'kernel.not-ready',
  status: 503,
  title: { es: 'Este servidor no puede atender ahora', en: 'This server cannot work now' },
});

export const OutcomeUnknown = defineProblem({
  code: 'kernel.outcome-unknown',
  status: 503,
  title: {
    es: 'No se sabe si quedó guardado; repita con la misma clave',
    en: 'It is unknown whether this was stored; repeat with the same key',
  },
});
