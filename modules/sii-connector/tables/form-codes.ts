/**
 * The codes of the Form 29 in the form's order, with its own wording (June 2026). Lines are those
 * of the SII's FAQ of 2025; line numbers move with every revision, codes do not, so that nothing is
 * keyed by line. Sources: the form as the portal shows it (codes, wording, signs), the SII's FAQ
 * (lines), the mapping of count and amount codes in cl-sii and in a transcription of the obverse.
 * The amount code beside 817 is not known, and 766 is taken for the purchase of real estate (line 30).
 *
 * code|kind|sign|section|line|wording. Signs: + adds, - subtracts, = is a total, nothing informs.
 */
export const FORM_CODES = `
15|period||header||Período
3|text||header||RUT
7|text||header||Folio
1|text||header||Apellido paterno o razón social
2|text||header||Apellido materno
5|text||header||Nombres
6|text||header||Calle
610|text||header||Número
8|text||header||Comuna
9|text||header||Teléfono
55|text||header||Correo electrónico
314|text||header||RUT representante legal
313|text||header||RUT contador
315|date||header||Fecha de presentación
9906|date||header||Fecha de la declaración primitiva
585|count||debit|1|Exportaciones
20|amount||debit|1|Exportaciones
586|count||debit|2|Ventas y/o Servicios prestados Exentos o No Gravados del giro
142|amount||debit|2|Ventas y/o Servicios prestados Exentos o No Gravados del giro
731|count||debit|3|Ventas con retención sobre el margen de comercialización (contribuyentes retenidos)
732|amount||debit|3|Ventas con retención sobre el margen de comercialización (contribuyentes retenidos)
714|count||debit|4|Ventas y/o Serivicios prestados Exentos o No Gravados que no son del giro
715|amount||debit|4|Ventas y/o Serivicios prestados Exentos o No Gravados que no son del giro
515|count||debit|5|Facturas de Compra recibidas con retención total (contribuyentes retenidos) y Factura de Inicio emitida
587|amount||debit|5|Facturas de Compra recibidas con retención total (contribuyentes retenidos) y Factura de Inicio emitida
720|amount||debit|6|Facturas de compra recibidas con retención parcial (Total neto)
503|count||debit|7|Facturas de emitidas por ventas y servicios del giro, o por cuenta de terceros
502|amount|+|debit|7|Facturas de emitidas por ventas y servicios del giro, o por cuenta de terceros
763|count||debit|8|Facturas emitidas por la venta de bienes inmuebles afectas a IVA
764|amount|+|debit|8|Facturas emitidas por la venta de bienes inmuebles afectas a IVA
716|count||debit|9|Facturas y Notas de Débitos por ventas y servicios que no son del giro (activo fijo y otros)
717|amount|+|debit|9|Facturas y Notas de Débitos por ventas y servicios que no son del giro (activo fijo y otros)
110|count||debit|10|Boletas
111|amount|+|debit|10|Boletas
758|count||debit|11|Comprobantes o Recibos de Pago generados en transacciones pagadas a través de medios electrónicos
759|amount|+|debit|11|Comprobantes o Recibos de Pago generados en transacciones pagadas a través de medios electrónicos
512|count||debit|12|Notas de débito emitidas del giro y Notas de Débito recibidas de terceros por retención parcial de cambio de sujeto
513|amount|+|debit|12|Notas de débito emitidas del giro y Notas de Débito recibidas de terceros por retención parcial de cambio de sujeto
509|count||debit|13|Notas de Crédito emitidas por Facturas asociadas al giro y Notas de Crédito recibidas de terceros por retención parcial de cambio de sujeto
510|amount|-|debit|13|Notas de Crédito emitidas por Facturas asociadas al giro y Notas de Crédito recibidas de terceros por retención parcial de cambio de sujeto
708|count||debit|14|Notas de Crédito emitidas por Vales de máquinas autorizadas por el Servicio
709|amount|-|debit|14|Notas de Crédito emitidas por Vales de máquinas autorizadas por el Servicio
733|count||debit|15|Notas de Crédito emitidas por ventas y servicios que no son del giro (activo fijo y otros)
734|amount|-|debit|15|Notas de Crédito emitidas por ventas y servicios que no son del giro (activo fijo y otros)
516|count||debit|16|Facturas de Compra recibidas con retención parcial (contribuyentes retenidos)
517|amount|+|debit|16|Facturas de Compra recibidas con retención parcial (contribuyentes retenidos)
500|count||debit|17|Liquidación y Liquidación Factura recibidas (suma débito; ventas realizadas por terceros)
501|amount|+|debit|17|Liquidación y Liquidación Factura recibidas (suma débito; ventas realizadas por terceros)
817|count||debit||Liquidación y Liquidación Factura emitidas (resta débito; ventas realizadas por cuenta de terceros)
154|amount|+|debit|18|Adicionales al Débito Fiscal del mes, originadas en devoluciones excesivas registradas en otros períodos por Art. 27 bis
518|amount|+|debit|19|Restitución Adicional por proporción de operaciones exentas y/o no gravadas por concepto Art. 27 bis, inc. 2° (Ley N° 19.738)
713|amount|+|debit|20|Reintegro del Impuesto de Timbres y Estampillas, Art 3° Ley N° 20.259 e IVA determinado en el Arrendamiento esporádico de BBRR amoblados
738|quantity||debit|21|Adiciones al Débito por IEPD. Ley 20.765
739|amount||debit|21|Adiciones al Débito por IEPD. Ley 20.765: componente base
740|amount||debit|21|Adiciones al Débito por IEPD. Ley 20.765: componente variable
741|amount|+|debit|21|Adiciones al Débito por IEPD. Ley 20.765: IEPD a declarar
791|amount|+|debit|22|Restitución Adicional por proporción de operaciones exentas y/o no gravadas por concepto Reembolso Remanente CF IVA (Ley 21.256)
538|amount|=|debit|23|TOTAL DÉBITOS
511|amount||credit|24|IVA por documentos electrónicos recibidos
514|amount||credit|24|IVA por documentos electrónicos recibidos: sin derecho a crédito
564|count||credit|25|Internas Afectas
521|amount||credit|25|Internas Afectas
566|count||credit|26|Importaciones
560|amount||credit|26|Importaciones
584|count||credit|27|Internas exentas, o no gravadas
562|amount||credit|27|Internas exentas, o no gravadas
519|count||credit|28|Facturas recibidas del giro, Facturas de compras emitidas y Comisión pagada por recepción de liquidación factura
520|amount|+|credit|28|Facturas recibidas del giro, Facturas de compras emitidas y Comisión pagada por recepción de liquidación factura
761|count||credit|29|Facturas recibidas de Proveedores: Supermercados y Comercios similares, Art.23 Nº4 D.L.825, de 1974 (Ley Nº20.780)
762|amount|+|credit|29|Facturas recibidas de Proveedores: Supermercados y Comercios similares, Art.23 Nº4 D.L.825, de 1974 (Ley Nº20.780)
765|count||credit|30|Facturas recibidas por Adquisición o Construcción de Bienes Inmuebles, Art.8º transitorio (Ley Nº20.780)
766|amount|+|credit|30|Facturas recibidas por Adquisición o Construcción de Bienes Inmuebles, Art.8º transitorio (Ley Nº20.780)
524|count||credit|31|Facturas activo fijo
525|amount|+|credit|31|Facturas activo fijo
527|count||credit|32|Notas de Crédito recibidas y Notas de Crédito emitidas por retención de cambio de sujeto
528|amount|-|credit|32|Notas de Crédito recibidas y Notas de Crédito emitidas por retención de cambio de sujeto
531|count||credit|33|Notas de Débito recibidas y Notas de Débito emitidas por retención de cambio de sujeto
532|amount|+|credit|33|Notas de Débito recibidas y Notas de Débito emitidas por retención de cambio de sujeto
534|count||credit|34|Declaraciones de Ingreso (DIN) importaciones del giro
535|amount|+|credit|34|Declaraciones de Ingreso (DIN) importaciones del giro
536|count||credit|35|Declaraciones de Ingreso (DIN) importaciones activo fijo
553|amount|+|credit|35|Declaraciones de Ingreso (DIN) importaciones activo fijo
504|amount|+|credit|36|Remanente Crédito Fiscal mes anterior
593|amount|-|credit|37|Devolución Solicitud Art.36 (Exportadores)
594|amount|-|credit|38|Devolución Solicitud Art.27 bis (Activo fijo)
592|amount|-|credit|39|Certificado Imputación Art.27 bis (Activo fijo)
539|amount|-|credit|40|Devolución Solicitud Art.3 (Cambio de sujeto)
718|amount|-|credit|41|Devolución Solicitud Ley Nº 20.258, por remanente CF IVA, originado en Impuesto específico Petróleo Diésel (Generadoras Eléctricas)
790|amount|-|credit|42|Devolución Solicitud Reembolso Remanente de Crédito Fiscal IVA
164|amount|+|credit|43|Monto Reintegrado por Devolución Indebida de Crédito Fiscal D.S. 348 (Exportadores)
730|quantity||credit|44|Recuperación de Impuesto Específico al Petróleo Diésel (Art. 7º Ley 18.502, Arts.1º y 3º D.S. Nº 311/86)
742|amount||credit|44|Recuperación de Impuesto Específico al Petróleo Diésel (Art. 7º Ley 18.502, Arts.1º y 3º D.S. Nº 311/86): componente base
743|amount||credit|44|Variable
127|amount|+|credit|44|Variable: IEPD general
729|quantity||credit|45|Recuperación Impuesto Específico Petróleo Diésel soportado por Transportistas de Carga (Art. 2º Ley Nº 19.764)
744|amount||credit|45|Recuperación Impuesto Específico Petróleo Diésel soportado por Transportistas de Carga (Art. 2º Ley Nº 19.764): componente base
745|amount||credit|45|Variable
544|amount|+|credit|45|Variable: IEPD transportistas
523|amount|+|credit||Crédito del Art.11 Ley 18.211 (correspondiente a Zona Franca de Extensión)
712|amount|+|credit||Crédito por Impuesto de Timbres y Estampillas, Art. 3º Ley Nº 20.259
757|amount|+|credit||Crédito por IVA restituido a aportantes sin domicilio ni residencia en Chile (Art. 83, del artículo primero Ley 20.712)
537|amount|=|credit|49|TOTAL CRÉDITOS
77|amount|+|withholding|50|Remanente de crédito fiscal para el período siguiente
89|amount|+|withholding|50|Remanente de crédito fiscal para el período siguiente: IVA determinado
756|number||withholding|50|Remanente de crédito fiscal para el período siguiente: postergación del pago del IVA
755|amount|-|withholding|50|Remanente de crédito fiscal para el período siguiente: IVA postergado
772|amount|+|withholding||Saldo de IVA postergado en 12 cuotas
777|amount|+|withholding||Monto Total IVA postergado en (6 o 12) cuotas
782|amount|+|withholding||Monto total IVA postergado (Ley 20.780) en (6 o 12) cuotas
784|amount|+|withholding||Monto total IVA postergado (Ley 21.207) en (6 o 12) cuotas
786|amount|+|withholding||Monto total IVA postergado (DIN) en (6 o 12) cuotas
788|amount|+|withholding||Monto total IVA postergado (Tributación Simplificada) en (6 o 12) cuotas
760|amount|+|withholding||Restitución de devolución por concepto de Art. 27 ter D.L. 825, de 1974, inc. 2º (Ley Nº 20.720)
767|amount|+|withholding||Certificado Imputación Art. 27 ter D.L. 825, de 1974, inc. 1º (Ley Nº 20.720)
50|amount|+|withholding||Retención Impuesto Primera Categoría por rentas de capitales mobiliarios del Art. 20 Nº 2, según Art. 73 LIR
751|mark||withholding|60|Retención Impuesto Único a los Trabajadores, según Art. 74 Nº 1 LIR
735|amount||withholding|60|Retención Impuesto Único a los Trabajadores, según Art. 74 Nº 1 LIR: crédito por donaciones Ley 20.444
48|amount|+|withholding|60|Retención Impuesto Único a los Trabajadores, según Art. 74 Nº 1 LIR: impuesto único determinado
151|amount|+|withholding|61|Retención de Impuesto con tasa del 10% sobre las rentas del Art. 42 Nº 2, según Art. 74 Nº 2 LIR
153|amount|+|withholding||Retención de Impuesto con tasa del 10% sobre las rentas del Art. 48, según Art. 74 Nº 3 LIR
49|amount|+|withholding||Retención sobre rentas del Art. 42 Nº1 LIR con tasa del 3%, por reintegro del préstamo tasa 0%, según art. 9º letra a) Ley Nº 21.252
155|amount|+|withholding||Retención sobre rentas del Art. 42 Nº2 LIR con tasa del 3%, por reintegro del préstamo tasa 0%, según art. 7º Ley Nº 21.242 y art. 9º letra b) Ley Nº 21.252
54|amount|+|withholding||Retención a Suplementos, según Art. 74 Nº 5 (tasa 0,5%) LIR
56|amount|+|withholding||Retención por compra de productos mineros, según Art. 74 Nº 6 LIR
588|amount|+|withholding||Retención sobre rescates y otras cantidades pagadas en cumplimiento de seguros dotales y seguros de vida con ahorro del Nº 3 del artículo 17 de la LIR (tasa 15%)
589|amount|+|withholding||Retención sobre retiros de Ahorro Previsional Voluntario del Art. 42 bis LIR (tasa 15%)
750|mark||withholding|69|1ra Categoría Art. 84 a) y 14 D Nº 3 letra (k) y 8 letra (a) numeral (viii).
30|amount||withholding|69|1ra Categoría Art. 84 a) y 14 D Nº 3 letra (k) y 8 letra (a) numeral (viii).: pérdida art. 90
563|amount||withholding|69|1ra Categoría Art. 84 a) y 14 D Nº 3 letra (k) y 8 letra (a) numeral (viii).: base imponible
115|rate||withholding|69|1ra Categoría Art. 84 a) y 14 D Nº 3 letra (k) y 8 letra (a) numeral (viii).: tasa PPM
68|amount||withholding|69|1ra Categoría Art. 84 a) y 14 D Nº 3 letra (k) y 8 letra (a) numeral (viii).: crédito
62|amount|+|withholding|69|1ra Categoría Art. 84 a) y 14 D Nº 3 letra (k) y 8 letra (a) numeral (viii).: PPM neto determinado
156|amount|+|withholding||1ra Categoría. Art. 84 letra a) y 14 letra D) Nº 3 letra (k) y Nº 8 letra (a) numeral (viii) LIR, con tasa 3%, por reitegro de préstamo tasa 0%, segun art. 9º letra c) Ley Nº 21.252
565|number||withholding||Mineros Art. 84 a)
120|number||withholding||Mineros Art. 84 a)
542|amount||withholding||Mineros Art. 84 a)
122|amount||withholding||Mineros Art. 84 a)
123|amount|+|withholding||Mineros Art. 84 a): PPM determinado
700|amount||withholding||Explotador Minero Art. 84 h)
701|amount||withholding||Explotador Minero Art. 84 h)
702|rate||withholding||Explotador Minero Art. 84 h)
711|amount||withholding||Explotador Minero Art. 84 h): crédito
703|amount|+|withholding||Explotador Minero Art. 84 h): PPM determinado
806|amount|+|withholding||Explotador Minero Royalty Ley 21.591
66|amount|+|withholding||Transportistas acogidos a Renta Presunta, Art. 84, e) y f) (tasa de 0,3%)
721|amount||withholding||Crédito a Imputar
722|amount||withholding||Crédito a Imputar: remanente mes anterior
724|amount||withholding||Crédito a Imputar: remanente período siguiente
723|amount|-|withholding||Crédito a Imputar: crédito capacitación imputado
152|amount|+|withholding||2da. Categoría Art. 84, b) (tasa 10%)
157|amount|+|withholding||2da. Categoría. Art. 84 letra b) LIR con tasa 3%, por reintegro de préstamo tasa 0%, según art. 7º Ley Nº 21.242 y art. 9º letra b) Ley Nº 21.252
70|amount|+|withholding||Taller artesanal Art. 84, c) (tasa de 1,5% o 3%)
595|amount|=|withholding|79|SUB TOTAL IMPUESTO DETERMINADO ANVERSO. (Suma de las líneas 49 a 64, columna Impuesto y/o PPM determinado)
529|amount||other||Ventas del período
530|amount||other||Crédito del período"+"
409|amount|+|other||IVA determinado por concepto de Tributación Simplificada
522|amount|+|other||Letras e), i), l) (tasa 15%)
526|amount|+|other||Letra j) (tasa 50%)
113|amount|+|other||Letra j) (tasa 50%)
28|amount|-|other||Crédito de impuesto Adicional Art.37 letra a) b) y c) D.L 825/74
548|amount|-|other||Crédito de impuesto Adicional Art.37 letra a) b) y c) D.L 825/74
540|amount|-|other||Remanente crédito Art.37 mes anterior D.L.825/74
541|amount|+|other||Devolución Solicitud Art.36 relativa al impuesto Adicional Art.37 letras a), b), y c) D.L.825/74
549|amount|+|other||Remanente crédito impuestos Art.37 para período siguiente
550|amount|+|other||Remanente crédito impuestos Art.37 para período siguiente: impuesto determinado
577|amount|+|other||Pisco, Licores, Whisky y Aguardiente (tasa 31,5%)
32|amount|+|other||Vinos, Champaña, Chichas (tasa 20,5%)
150|amount|+|other||Cervezas (tasa 20,5%)
146|amount|+|other||Bebidas analcohólicas (tasa 10%)
752|amount|+|other||Bebidas analcohólicas elevado contenido azÚcares (tasa 18%)
545|amount|+|other||Notas de Débito emitidas
546|amount|-|other||Notas de Crédito emitidas por Facturas
710|amount|-|other||Notas de Crédito emitidas por Vales de máquinas autorizadas por el Servicio
602|amount|=|other||Notas de Crédito emitidas por Vales de máquinas autorizadas por el Servicio
575|amount|+|other||Pisco, Licores, Whisky y Aguardiente (tasa 31,5%)
576|amount|+|other||Pisco, Licores, Whisky y Aguardiente (tasa 31,5%)
574|amount|+|other||Vinos, Champaña, Chichas (tasa 20,5%)
33|amount|+|other||Vinos, Champaña, Chichas (tasa 20,5%)
580|amount|+|other||Cervezas (tasa 20,5%)
149|amount|+|other||Cervezas (tasa 20,5%)
582|amount|+|other||Bebidas analcohólicas (tasa 10%)
85|amount|+|other||Bebidas analcohólicas (tasa 10%)
753|amount|+|other||Bebidas analcohólicas elevado contenido azÚcares (tasa 18%)
754|amount|+|other||Bebidas analcohólicas elevado contenido azÚcares (tasa 18%)
551|amount|+|other||Notas de Débito recibidas
559|amount|-|other||Notas de Crédito recibidas
508|amount|+|other||Remanente Crédito Art.42 mes anterior
533|amount|-|other||Devolución Art.36 D.L.825/74 relativas impuesto Art.42
552|amount|-|other||Monto reintegrado devoluciones indebidas de crédito por exportaciones
603|amount|=|other||Total créditos Art.42 DL 825
507|amount|+|other||Remanente Crédito Impuesto Adic. Art.42 para período siguiente
506|amount|+|other||Remanente Crédito Impuesto Adic. Art.42 para período siguiente: impuesto determinado
556|amount|+|other||IVA anticipado del período
557|amount|+|other||Remanente del mes anterior
558|amount|-|other||Devolución del mes anterior
543|amount|=|other||Total de Anticipo
573|amount|-|other||Remanente Anticipos Cambio Sujeto para período siguiente
598|amount|-|other||Remanente Anticipos Cambio Sujeto para período siguiente: a imputar
39|amount|+|other||IVA total retenido a terceros (tasa Art.14 D.L. 825/74)
554|amount|+|other||IVA parcial retenido a terceros (según tasa)
736|amount|-|other||IVA Retenido por notas de crédito emitidas
597|amount|+|other||Retención del margen de comercialización
555|amount|+|other||Retención Anticipo de Cambio de Sujeto
596|amount|=|other||Retención Anticipo de Cambio de Sujeto: retención cambio de sujeto
100|amount|+|other||IVA retenido a terceros con retención total en el período (inciso 7° del Art. 3° del D.L. 825)
101|amount|-|other||Ajustes por concepto de IVA asociado a reversiones y contracargos (disputas) solucionadas en el período.
102|amount|-|other||Valor nominal del remanente de ajuste (código 104 del período anterior).
103|amount|=|other||Monto neto de IVA retenido en el período.
104|amount|=|other||Remanente de ajuste para el próximo período.
811|amount|+|other||IVA total del período por la venta remota de bienes corporales muebles (Art. 3° bis e inciso final del Art. 4°, D.L. 825).
812|amount|-|other||Ajustes por concepto de IVA asociado a reversiones y contracargos solucionados en el período.
813|amount|-|other||Valor nominal del remanente de ajuste (código [815] del período anterior).
814|amount|=|other||Monto neto de IVA del período.
815|amount|=|other||Remanente de ajuste para el próximo período.
816|amount|=|other||Impuesto sustitutivo retenido por régimen tributario especial a comerciantes de ferias libres (párrafo 7° ter, Título II, LIVS)
725|amount|-|other||Crédito por Sistemas Solares Térmicos, Ley 20.365
704|amount|-|other||Imputación del Pago Patente Aguas Ley 20.017/05
160|amount|-|other||Cotización Adicional Ley 18.566/86
126|amount|-|other||Crédito Especial Empresas Constructoras Art.21 DL 910/75
572|amount|-|other||Recuperación de Peajes Transportistas Pasajeros Ley 19.764/01
768|amount|-|other||Crédito por desembolsos directos trazabilidad
547|amount|=|other|128|Total Determinado
728|amount||total||Remanente Crédito por Sistemas Solares Térmicos, Ley 20.365
707|amount||total||Remanente periodo siguiente Patente Aguas. Ley 20.017/05
73|amount||total||Remanente Cotización Adicional Ley 18.566/86(tasa Art.14 DL 825/74)
130|amount||total||Remanente Crédito Especial Empresas Constructoras
591|amount||total||Remanente Recuperación de Peajes Transportistas Pasajeros Ley 19.764/01
771|amount||total||Remanente Crédito por desembolsos directos trazabilidad
91|amount|=|total|135|TOTAL A PAGAR DENTRO DEL PLAZO LEGAL (Suma líneas 1 a la 65)
92|amount|+|total||Más IPC
93|amount|+|total||Más Intereses y multas
60|rate||total||Más Intereses y multas: porcentaje de condonación
922|text||total||Condonación
915|date||total||Condonación: vigencia de la condonación
795|amount|-|total||Monto Condonación
94|amount|=|total||TOTAL A PAGAR CON RECARGO`;
