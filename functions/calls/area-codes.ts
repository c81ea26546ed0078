// Area codes that tell a time zone, in the countries that have several. Used by zones.ts only.
// Sources: the North American numbering plan administrators' area code maps, ANATEL's DDD list, ACMA's numbering plan, CNMC and
// ANACOM for the islands. An area that straddles a border has both zones; a code that is not here says nothing, which only makes
// permission stricter.

const northAmericaTable: Record<string, string> = {
  'America/New_York': `
    203 475 860 959 302 202 771 239 305 321 324 352 386 407 561 645 656 689 727 728 754 772 786 813 863 904 941 954 229 404 470 478 678
    706 762 770 912 943 317 463 260 765 502 859 207 227 240 301 410 443 667 339 351 413 508 617 774 781 857 978 231 248 269 313 517
    586 616 679 734 810 947 989 603 201 551 609 640 732 848 856 862 908 973 212 315 329 332 347 363 516 518 585 607 624 631 646 680
    716 718 838 845 914 917 929 934 252 336 472 704 743 828 910 919 980 984 216 220 234 283 326 330 380 419 436 440 513 567 614 740
    937 215 223 267 272 412 445 484 570 582 610 717 724 814 835 878 401 803 821 839 843 854 864 865 802 276 434 540 571 686 703 757
    804 826 948 304 681`,
  'America/Chicago': `
    205 251 256 334 659 938 327 479 501 870 217 224 309 312 331 447 464 618 630 708 730 773 779 815 847 861 872 319 515 563 641 712
    316 913 225 318 337 504 985 218 320 507 612 651 763 924 952 228 601 662 769 235 314 417 557 573 636 660 816 975 402 531 405 539
    572 580 918 615 629 731 901 931 210 214 254 281 325 346 361 409 430 432 469 512 621 682 713 726 737 806 817 830 832 903 936 940
    945 956 972 979 262 274 353 414 534 608 715 920`,
  // Northern Florida, Indiana, Kentucky, Tennessee and upper Michigan lie on both sides.
  'America/New_York America/Chicago': '448 850 219 574 812 930 270 364 606 423 729 906',
  'America/Chicago America/Denver': '620 785 308 701 605',
  'America/Denver': '303 719 720 748 970 983 406 505 575 385 435 801 307 915',
  'America/Boise America/Los_Angeles': '208 986 458 541',
  'America/Phoenix': '480 520 602 623',
  // The Navajo Nation keeps daylight saving time, the rest of Arizona does not.
  'America/Phoenix America/Denver': '928',
  'America/Los_Angeles': `
    209 213 279 310 323 341 350 357 369 408 415 424 442 510 530 559 562 619 626 628 650 657 661 669 707 714 738 747 760 805 818 820
    831 837 840 858 909 916 925 949 951 206 253 360 425 509 564 702 725 503 971`,
  'America/Los_Angeles America/Denver': '775',
  'America/Anchorage America/Adak': '907',
  'Pacific/Honolulu': '808',
  'America/St_Johns America/Goose_Bay': '709 879',
  'America/Halifax': '902 782',
  'America/Moncton': '506 428',
  // The lower north shore and the Magdalen Islands keep Atlantic time.
  'America/Toronto America/Halifax America/Blanc-Sablon': '418 581 367',
  'America/Toronto': '819 873 468 450 579 354 514 438 263 416 437 647 942 905 289 365 742 519 226 548 382 613 343 753 705 249 683',
  'America/Toronto America/Winnipeg America/Atikokan': '807',
  'America/Winnipeg': '204 431 584',
  // Lloydminster goes with Alberta.
  'America/Regina America/Swift_Current America/Edmonton': '306 639 474',
  'America/Edmonton': '403 587 780 825 368',
  'America/Vancouver': '604',
  'America/Vancouver America/Edmonton America/Creston America/Dawson_Creek America/Fort_Nelson': '250 778 236 672 257',
};

// Mobile numbers in Brazil carry the same two digits as landlines. Pernambuco's include Fernando de Noronha.
const brazilTable: Record<string, string> = {
  'America/Sao_Paulo': '11 12 13 14 15 16 17 18 19 21 22 24 27 28 31 32 33 34 35 37 38 41 42 43 44 45 46 47 48 49 51 53 54 55 61 62 64',
  'America/Araguaina': '63',
  'America/Cuiaba': '65 66',
  'America/Campo_Grande': '67',
  'America/Rio_Branco': '68',
  'America/Porto_Velho': '69',
  'America/Bahia': '71 73 74 75 77',
  'America/Maceio': '79 82',
  'America/Recife America/Noronha': '81',
  'America/Recife': '87',
  'America/Fortaleza': '83 84 85 86 88 89 98 99',
  'America/Belem': '91 96',
  'America/Santarem America/Belem': '93 94',
  'America/Manaus': '92',
  'America/Manaus America/Eirunepe': '97',
  'America/Boa_Vista': '95',
};

const byCode = (table: Record<string, string>): Map<string, string[]> =>
  new Map(Object.entries(table).flatMap(([zones, codes]) => codes.trim().split(/\s+/).map((code): [string, string[]] => [code, zones.split(' ')])));

const northAmerica = byCode(northAmericaTable);
const brazil = byCode(brazilTable);

const australia: Record<string, string[]> = {
  '2': ['Australia/Sydney', 'Australia/Lord_Howe'],
  '3': ['Australia/Melbourne', 'Australia/Hobart'],
  // Border towns of New South Wales have numbers of Queensland.
  '7': ['Australia/Brisbane', 'Australia/Sydney'],
  '8': ['Australia/Perth', 'Australia/Eucla', 'Australia/Adelaide', 'Australia/Darwin', 'Australia/Broken_Hill'],
};

const spain = (national: string): string[] | undefined =>
  /^[89]2[28]/.test(national) ? ['Atlantic/Canary'] : /^[89]/.test(national) ? ['Europe/Madrid', 'Africa/Ceuta'] : undefined;

const portugal = (national: string): string[] | undefined =>
  national.startsWith('291') ? ['Atlantic/Madeira'] : /^29[256]/.test(national) ? ['Atlantic/Azores'] : national.startsWith('2') ? ['Europe/Lisbon'] : undefined;

/** The zones of a national number by its area code; undefined when the area code says nothing (mobiles of most countries). */
export const zonesByAreaCode = (country: string, national: string): string[] | undefined => {
  switch (country) {
    case 'US':
    case 'CA': return northAmerica.get(national.slice(0, 3));
    case 'BR': return brazil.get(national.slice(0, 2));
    case 'AU': return australia[national.slice(0, 1)];
    case 'ES': return spain(national);
    case 'PT': return portugal(national);
    default: return undefined;
  }
};
