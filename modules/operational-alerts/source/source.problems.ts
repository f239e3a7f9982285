import { defineProblem } from '#kernel';

export const SourceNameTaken = defineProblem({
  code: 'operational-alerts.source-name-taken',
  status: 409,
  title: { es: 'Otra fuente ya tiene ese nombre', en: 'Another source has that name' },
  constraints: ['operational_alerts_source_name_key'],
});

export const TypeNotRaised = defineProblem({
  code: 'operational-alerts.type-not-raised',
  status: 422,
  title: {
    es: 'Ese tipo de alerta no se levanta desde fuera',
    en: 'That type of alert is not raised from outside',
  },
});

export const TypeNotAllowed = defineProblem({
  code: 'operational-alerts.type-not-allowed',
  status: 403,
  title: {
    es: 'La fuente no puede levantar ese tipo de alerta',
    en: 'The source may not raise that type of alert',
  },
});

export const TooManySources = defineProblem({
  code: 'operational-alerts.too-many-sources',
  status: 409,
  title: { es: 'La empresa ya tiene 100 fuentes', en: 'The company has 100 sources already' },
});
