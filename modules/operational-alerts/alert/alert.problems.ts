import { defineProblem } from '#kernel';

export const AlertResolvedAlready = defineProblem({
  code: 'operational-alerts.alert-resolved-already',
  status: 409,
  title: { es: 'La alerta ya está resuelta', en: 'The alert is resolved already' },
});

export const SilenceTooLong = defineProblem({
  code: 'operational-alerts.silence-too-long',
  status: 422,
  title: {
    es: 'El silencio debe terminar en el futuro, dentro de 30 días',
    en: 'A silence must end in the future, within 30 days',
  },
});

export const UnknownAlertType = defineProblem({
  code: 'operational-alerts.unknown-alert-type',
  status: 422,
  title: {
    es: 'Ningún addon instalado declara ese tipo de alerta',
    en: 'No installed addon declares that type of alert',
  },
});
