// Area codes that tell a time zone, for the countries with more than one. Used by zones.ts only. Overlays and splits: NANPA, ANATEL, ACMA.

/** The zones of a national number by its area code; undefined when the area code says nothing. */
export const zonesByAreaCode = (callingCode: string, national: string, country: string): string[] | undefined => {
  if (callingCode === '1' && (country === 'US' || country === 'CA')) return northAmerica.get(national.slice(0, 3));
  return undefined;
};
const northAmerica = new Map<string, string[]>();
