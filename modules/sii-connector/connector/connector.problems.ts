import { defineProblem } from '#kernel';

export const UnknownConnectorKind = defineProblem({
  code: 'sii-connector.unknown-connector-kind',
  status: 422,
  title: { es: 'No hay un conector de ese tipo', en: 'There is no connector of that kind' },
});

export const ConnectorNameTaken = defineProblem({
  code: 'sii-connector.connector-name-taken',
  status: 409,
  title: { es: 'Otro conector tiene ese nombre', en: 'Another connector has that name' },
  constraints: ['sii_connector_connector_name_key'],
});

/** JSON of the right form that says what no partner can be asked; `errors` names each place. */
export const ConnectorSettingsRefused = defineProblem({
  code: 'sii-connector.connector-settings-refused',
  status: 422,
  title: {
    es: 'Las palabras o la correspondencia del conector no sirven',
    en: 'The connector’s words or its mapping make no sense',
  },
});

export const ConnectorCannot = defineProblem({
  code: 'sii-connector.connector-cannot',
  status: 422,
  title: {
    es: 'El conector no está activo o no sabe hacer eso',
    en: 'The connector is not active, or not able to do that',
  },
});
