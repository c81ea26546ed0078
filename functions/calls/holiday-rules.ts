// The public holidays of the countries that Ringback knows, as rules that hold for any year. Used by holidays.ts and the policy's check.
// A rule is a date (05-01), days from Easter Sunday (easter-2; orthodox+1 by the Eastern churches' calendar), or the first such
// weekday from a date on (mon>=05-25 is the last Monday of May). Left out: regional days, days by the moon (Holi, Diwali, Eid,
// Matariki) and days that a government sets each year; the policy adds what the business keeps.

/** Names that several countries share. */
const common: Record<string, string> = {
  'new-year': '01-01', epiphany: '01-06', 'maundy-thursday': 'easter-3', 'good-friday': 'easter-2', easter: 'easter+0', 'easter-monday': 'easter+1',
  'labour-day': '05-01', 'victory-day': '05-08', ascension: 'easter+39', 'whit-sunday': 'easter+49', 'whit-monday': 'easter+50',
  'corpus-christi': 'easter+60', midsummer: 'sat>=06-20', assumption: '08-15', 'all-saints': '11-01', armistice: '11-11',
  'immaculate-conception': '12-08', 'christmas-eve': '12-24', christmas: '12-25', 'second-christmas-day': '12-26',
  'orthodox-clean-monday': 'orthodox-48', 'orthodox-good-friday': 'orthodox-2', 'orthodox-easter-saturday': 'orthodox-1', 'orthodox-easter': 'orthodox+0',
  'orthodox-easter-monday': 'orthodox+1', 'orthodox-whit-sunday': 'orthodox+49', 'orthodox-whit-monday': 'orthodox+50',
};

const kingdom = 'new-year good-friday easter-monday early-may=mon>=05-01 spring=mon>=05-25 summer=mon>=08-25 christmas second-christmas-day';

const table: Record<string, string> = {
  IN: 'republic-day=01-26 independence-day=08-15 gandhi-jayanti=10-02',
  US: `new-year martin-luther-king-day=mon>=01-15 washingtons-birthday=mon>=02-15 memorial-day=mon>=05-25 juneteenth=06-19
    independence-day=07-04 labor-day=mon>=09-01 columbus-day=mon>=10-08 veterans-day=11-11 thanksgiving=thu>=11-22 christmas`,
  CA: `new-year good-friday victoria-day=mon>=05-18 canada-day=07-01 labour-day=mon>=09-01 truth-and-reconciliation=09-30
    thanksgiving=mon>=10-08 remembrance-day=11-11 christmas second-christmas-day`,
  GB: kingdom, GG: kingdom, JE: kingdom, IM: kingdom,
  IE: `new-year saint-brigid=mon>=02-01 saint-patrick=03-17 easter-monday may-day=mon>=05-01 june=mon>=06-01 august=mon>=08-01
    october=mon>=10-25 christmas second-christmas-day`,
  AU: 'new-year australia-day=01-26 good-friday easter-monday anzac-day=04-25 christmas second-christmas-day',
  NZ: `new-year second-of-january=01-02 waitangi-day=02-06 good-friday easter-monday anzac-day=04-25 kings-birthday=mon>=06-01
    labour-day=mon>=10-22 christmas second-christmas-day`,
  DE: 'new-year good-friday easter-monday labour-day ascension whit-monday german-unity=10-03 christmas second-christmas-day',
  AT: `new-year epiphany easter-monday labour-day ascension whit-monday corpus-christi assumption national-day=10-26 all-saints
    immaculate-conception christmas second-christmas-day`,
  CH: 'new-year good-friday easter-monday ascension whit-monday national-day=08-01 christmas second-christmas-day',
  LI: `new-year epiphany easter-monday labour-day ascension whit-monday corpus-christi assumption nativity-of-mary=09-08 all-saints
    immaculate-conception christmas second-christmas-day`,
  FR: 'new-year easter-monday labour-day victory-day ascension whit-monday bastille-day=07-14 assumption all-saints armistice christmas',
  BE: 'new-year easter-monday labour-day ascension whit-monday national-day=07-21 assumption all-saints armistice christmas',
  NL: 'new-year good-friday easter easter-monday kings-day=04-27 ascension whit-sunday whit-monday christmas second-christmas-day',
  LU: 'new-year easter-monday labour-day europe-day=05-09 ascension whit-monday national-day=06-23 assumption all-saints christmas second-christmas-day',
  ES: 'new-year epiphany good-friday labour-day assumption national-day=10-12 all-saints constitution-day=12-06 immaculate-conception christmas',
  PT: `new-year good-friday easter freedom-day=04-25 labour-day corpus-christi portugal-day=06-10 assumption republic-day=10-05 all-saints
    restoration=12-01 immaculate-conception christmas`,
  // Saint Francis is a national holiday again from 2026 on (law 151 of 2025).
  IT: `new-year epiphany easter easter-monday liberation-day=04-25 labour-day republic-day=06-02 assumption saint-francis=10-04 all-saints
    immaculate-conception christmas second-christmas-day`,
  MT: `new-year saint-pauls-shipwreck=02-10 saint-joseph=03-19 freedom-day=03-31 good-friday labour-day sette-giugno=06-07
    saint-peter-and-paul=06-29 assumption victory=09-08 independence-day=09-21 immaculate-conception republic-day=12-13 christmas`,
  DK: 'new-year maundy-thursday good-friday easter easter-monday ascension whit-sunday whit-monday christmas second-christmas-day',
  NO: 'new-year maundy-thursday good-friday easter easter-monday labour-day constitution-day=05-17 ascension whit-sunday whit-monday christmas second-christmas-day',
  SE: `new-year epiphany good-friday easter easter-monday labour-day ascension whit-sunday national-day=06-06 midsummer
    all-saints=sat>=10-31 christmas second-christmas-day`,
  FI: 'new-year epiphany good-friday easter easter-monday labour-day ascension midsummer all-saints=sat>=10-31 independence-day=12-06 christmas second-christmas-day',
  IS: `new-year maundy-thursday good-friday easter easter-monday first-day-of-summer=thu>=04-19 labour-day ascension whit-sunday whit-monday
    national-day=06-17 commerce-day=mon>=08-01 christmas second-christmas-day`,
  EE: `new-year independence-day=02-24 good-friday easter labour-day whit-sunday victory=06-23 saint-john=06-24 restoration=08-20
    christmas-eve christmas second-christmas-day`,
  LV: `new-year good-friday easter easter-monday labour-day restoration=05-04 ligo=06-23 saint-john=06-24 proclamation=11-18
    christmas-eve christmas second-christmas-day new-years-eve=12-31`,
  LT: `new-year state-day=02-16 restoration=03-11 easter easter-monday labour-day saint-john=06-24 king-mindaugas=07-06 assumption all-saints
    all-souls=11-02 christmas-eve christmas second-christmas-day`,
  PL: `new-year epiphany easter easter-monday labour-day constitution-day=05-03 whit-sunday corpus-christi assumption all-saints
    independence-day=11-11 christmas-eve christmas second-christmas-day`,
  CZ: `new-year good-friday easter-monday labour-day victory-day cyril-and-methodius=07-05 jan-hus=07-06 statehood=09-28 independence-day=10-28
    freedom-day=11-17 christmas-eve christmas second-christmas-day`,
  SK: `new-year epiphany good-friday easter-monday labour-day victory-day cyril-and-methodius=07-05 uprising=08-29 our-lady=09-15 all-saints
    freedom-day=11-17 christmas-eve christmas second-christmas-day`,
  HU: `new-year revolution-of-1848=03-15 good-friday easter easter-monday labour-day whit-sunday whit-monday saint-stephen=08-20
    revolution-of-1956=10-23 all-saints christmas-eve christmas second-christmas-day`,
  SI: `new-year second-of-january=01-02 culture-day=02-08 easter easter-monday resistance-day=04-27 labour-day second-of-may=05-02 whit-sunday
    statehood=06-25 assumption reformation=10-31 all-saints christmas second-christmas-day`,
  HR: `new-year epiphany easter easter-monday labour-day statehood=05-30 corpus-christi resistance-day=06-22 victory=08-05 assumption
    all-saints remembrance-day=11-18 christmas second-christmas-day`,
  RO: `new-year second-of-january=01-02 epiphany saint-john=01-07 union=01-24 orthodox-good-friday orthodox-easter orthodox-easter-monday labour-day
    childrens-day=06-01 orthodox-whit-sunday orthodox-whit-monday assumption saint-andrew=11-30 national-day=12-01 christmas second-christmas-day`,
  BG: `new-year liberation-day=03-03 orthodox-good-friday orthodox-easter-saturday orthodox-easter orthodox-easter-monday labour-day
    saint-george=05-06 culture-day=05-24 unification=09-06 independence-day=09-22 christmas-eve christmas second-christmas-day`,
  GR: `new-year epiphany orthodox-clean-monday independence-day=03-25 orthodox-good-friday orthodox-easter orthodox-easter-monday labour-day
    orthodox-whit-monday assumption ochi-day=10-28 christmas second-christmas-day`,
  CY: `new-year epiphany orthodox-clean-monday independence-of-greece=03-25 national-day=04-01 orthodox-good-friday orthodox-easter
    orthodox-easter-monday labour-day orthodox-whit-monday assumption independence-day=10-01 ochi-day=10-28 christmas second-christmas-day`,
};

/** Where a holiday on a Saturday or Sunday is kept on the next working day as well. */
export const substitutes: ReadonlySet<string> = new Set(['GB', 'GG', 'JE', 'IM', 'AU', 'NZ']);

const read = (rules: string): Record<string, string> =>
  Object.fromEntries(rules.trim().split(/\s+/).map((entry): [string, string] => {
    const at = entry.indexOf('=');
    return at < 0 ? [entry, common[entry] ?? ''] : [entry.slice(0, at), entry.slice(at + 1)];
  }));

/** By country: the name of each holiday and its rule. */
export const holidayRules: Record<string, Record<string, string>> = Object.fromEntries(Object.entries(table).map(([country, rules]) => [country, read(rules)]));
