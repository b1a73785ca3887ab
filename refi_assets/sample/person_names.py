"""Names, nicknames and places of generated borrowers: lists only, the most common first.

Except for UNUSUAL_NAMES, names are Latin text of at least two letters, without commas or quotation marks. How often
each is drawn is decided in lines.py and, for people with duplicates, in person_records.py.
"""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


GIVEN_NAMES = _words("""
    James Mary Michael Maria Robert John Jennifer David Linda Jose William Patricia Elizabeth Christopher Jessica
    Ana Daniel Sarah Matthew Ashley Juan Thomas Karen Anthony Wei Joseph Susan Carlos Nancy Mark Lisa Luis Sandra
    Kevin Emily Brian Michelle Joshua Kimberly Andrew Donna Steven Amanda Ryan Carmen Jason Melissa Timothy Rosa
    Eric Stephanie Jeffrey Rebecca Jacob Laura Nicholas Angela Jonathan Guadalupe Stephen Nicole Justin Ming Scott
    Rachel Brandon Samantha Benjamin Heather Samuel Katherine Gregory Christina Alexander Amy Patrick Debra Frank
    Raymond Cynthia Jack Anna Miguel Dennis Kathleen Jerry Pamela Tyler Francisco Aaron Shirley Manuel Brenda Adam
    Priya Nathan Nicola Henry Catherine Jorge Amber Peter Samira Zachary Diana Kyle Olivia Walter Emma Pedro Sofia
    Ethan Victoria Jeremy Isabel Harold Julia Keith Janet Hung Joyce Christian Sophia Roger Judith Noah Ruth
    Antonio Margarita Gerald Virginia Terry Megan Sean Hannah Alejandro Alice Austin Evelyn Arthur Jean Lawrence
    Cheryl Jesús Jacqueline Dylan Martha Ricardo Gloria Jordan Teresa Bryan Ann Billy Sara Joe Madison Bruce Kathryn
    Gabriel Janice Logan Abigail Albert Grace Fernando Beverly Willie Denise Alan Amelia Eugene Danielle Russell
    Marilyn Vincent Theresa Philip Brittany Bobby Hui Johnny Rose Bradley Doris Rafael Isabella Roberto Julie Eduardo
    Xin Louis Lauren Wayne Kelly Javier Charlotte Roy Natalie Randy Leticia Ralph Barbara Howard Mei Carl Alejandra
    Mohammed Fatima Sergio Lori Mario Yolanda Craig Frances Hector Tiffany Oscar Vanessa Douglas Silvia Andrés Crystal
    Marcus Norma Shawn Adriana Martín Tammy Chad Claudia Curtis Dawn Edwin Gabriela Leonard Tracy Joel Phyllis Cesar
    Wendy Dustin Tina Ivan Alicia Derek Veronica Travis Irma Sunil Holly Ruben Erin Corey Leslie Armando Paula
    Stanley Kristen Arturo Rhonda Alfredo Carrie Gilbert April Enrique Valerie Leroy Monica Julio Erica Marvin
    Beatriz Ernesto Tara Salvador Robin Warren Sonia Glenn Anita Nelson Luz Clarence Esther Abdul Ellen Deepak Elena
    Ramón Lucy Adrian Josephine Gustavo Carla Hiroshi Yuki Kenji Akiko Jin Ying Feng Yan Lei Jing Hao Xiu Chen-Yu
    Min-jun Ji-woo Seo-yeon Hyun Sang Thanh Linh Minh Huong Tuan Thuy Quoc Rajesh Anjali Sanjay Lakshmi Arjun Kavita
    Vikram Neha Rohan Pooja Imran Ayesha Tariq Yasmin Omar Layla Hassan Zainab Ibrahim Aisha Oluwaseun Chidi Ngozi
    Kwame Abena Amara Tunde Folake Dmitri Olga Sergei Natasha Ivana Katarzyna Piotr Agnieszka Tomasz Milan Jelena
    Giovanni Francesca Luca Chiara Pierre Amélie François Chloé Jürgen Anja Klaus Ingrid Lars Astrid Sven Freya
    Björn Zoë Renée André Inés Lucía Mónica Verónica Raúl Adrián Óscar Héctor Sofía Elías Siobhán Niamh Liam Aoife
    Declan Bridget Angus Fiona Hamish Rhys Cerys Owen Dewi Malik Keisha Darnell Latoya Tyrone Ebony Jamal Shanice
    DeShawn Tanisha Terrell Monique Reginald Yvonne Cedric Imani Lamar Aaliyah Dwayne Jasmine Kai Leilani Keanu Malia
    Makoa Noelani Tala Dakota Cheyenne Winona Hideo Naomi Satoshi Emiko Rosario Milagros Soledad Pilar Concepción
    Ignacio Esteban Joaquín Rodrigo Lorenzo Felipe Emilio Ximena Valentina Camila Mariana Renata Paloma Graciela
    Esperanza Consuelo Wyatt Hazel Silas Ivy Jasper Violet Ezra Clara Felix Iris Otis Nora Amos Willa Enoch Opal
""")

_SURNAMES_OF_ONE_WORD = _words("""
    Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Hernandez Lopez Gonzalez Wilson Anderson
    Thomas Taylor Moore Jackson Martin Lee Perez Thompson White Harris Sanchez Clark Ramirez Lewis Robinson Walker
    Young Allen King Wright Scott Torres Nguyen Hill Flores Green Adams Nelson Baker Hall Rivera Campbell Mitchell
    Carter Roberts Gomez Phillips Evans Turner Diaz Parker Cruz Edwards Collins Reyes Stewart Morris Morales Murphy
    Cook Rogers Gutierrez Ortiz Morgan Cooper Peterson Bailey Reed Kelly Howard Ramos Kim Cox Ward Richardson Watson
    Brooks Chavez Wood James Bennett Gray Mendoza Ruiz Hughes Price Alvarez Castillo Sanders Patel Myers Long Ross
    Foster Jimenez Powell Jenkins Perry Russell Sullivan Bell Coleman Butler Henderson Barnes Gonzales Fisher Vasquez
    Simmons Romero Jordan Patterson Alexander Hamilton Graham Reynolds Griffin Wallace Moreno West Cole Hayes Bryant
    Herrera Gibson Ellis Tran Medina Aguilar Stevens Murray Ford Castro Marshall Owens Harrison Fernandez McDonald
    Woods Washington Kennedy Wells Vargas Henry Chen Freeman Webb Tucker Guzman Burns Crawford Olson Simpson Porter
    Hunter Gordon Mendez Silva Shaw Snyder Mason Dixon Munoz Hunt Hicks Holmes Palmer Wagner Black Robertson Boyd
    Rose Stone Salazar Fox Warren Mills Meyer Rice Schmidt Garza Daniels Ferguson Nichols Stephens Soto Weaver Ryan
    Gardner Payne Grant Dunn Kelley Spencer Hawkins Arnold Pierce Hansen Peters Santos Hart Bradley Knight Elliott
    Cunningham Duncan Armstrong Hudson Carroll Lane Riley Andrews Alvarado Ray Delgado Berry Perkins Hoffman Johnston
    Matthews Pena Richards Contreras Willis Carpenter Lawrence Sandoval Guerrero George Chapman Rios Estrada Ortega
    Watkins Greene Nunez Wheeler Valdez Harper Burke Larson Santiago Maldonado Morrison Franklin Carlson Austin
    Dominguez Carr Lawson Jacobs O'Brien Lynch Singh Vega Bishop Montgomery Oliver Jensen Harvey Williamson Gilbert
    Dean Sims Espinoza Howell Li Wong Reid Hanson Le McCoy Garrett Burton Fuller Wang Weber Welch Rojas Lucas Marquez
    Fields Park Yang Little Banks Padilla Day Walsh Bowman Schultz Luna Fowler Mejia Davidson Acosta Brewer May
    Holland Juarez Newman Pearson Curtis Cortez Douglas Schneider Joseph Barrett Navarro Figueroa Keller Avila Wade
    Molina Stanley Hopkins Campos Barnett Bates Chambers Caldwell Beck Lambert Miranda Byrd Craig Ayala Lowe Frazier
    Powers Neal Leonard Gregory Carrillo Sutton Fleming Rhodes Shelton Schwartz Norris Jennings Rhea Watts Duran
    Walters Cohen McDaniel Moran Parks Steele Vaughn Becker Holt DeLeon Barker Terry Hale Leon Hail Benson Haynes
    Horton Miles Lyons Pham Graves Bush Thornton Wolfe Warner Cabrera McKinney Mann Zimmerman Dawson Lara Fletcher
    Page McCarthy Love Robles Cervantes Solis Erickson Reeves Chang Klein Salinas Fuentes Baldwin Daniel Simon
    Velasquez Hardy Higgins Aguirre Lin Cummings Chandler Sharp Barber Bowen Ochoa Dennis Robbins Liu Ramsey Francis
    Griffith Paul Blair O'Connor Cardenas Pacheco Cross Calderon Quinn Moss Swanson Chan Rivas Khan Rodgers Serrano
    Fitzgerald Rosales Stevenson Christensen Manning Gill Curry McLaughlin Harmon McGee Gross Doyle Garner Newton
    Burgess Reese Walton Blake Trujillo Adkins Brady Goodman Roman Webster Goodwin Fischer Huang Potter Delacruz
    Montoya Todd Wu Hines Mullins Castaneda Malone Cannon Tate Mack Sherman Hubbard Hodges Zhang Guerra Wolf Valencia
    Saunders Franco Rowe Gallagher Farmer Hammond Hampton Townsend Ingram Wise Gallegos Clarke Barton Schroeder
    Maxwell Waters Logan Camacho Strickland Norman Person Colon Parsons Frank Harrington Glover Osborne Buchanan
    Casey Floyd Patton Ibarra Ball Tyler Suarez Bowers Orozco Salas Cobb Gibbs Andrade Bauer Conner Moody Escobar
    McGuire Lloyd Mueller Hartman French Kramer McBride Pope Lindsey Velazquez Norton McCormick Sparks Flynn Yates
    Hogan Marsh Macias Villanueva Zamora Pratt Stokes Owen Ballard Lang Brock Villarreal Charles Drake Barrera Cain
    Patrick Pineda Burnett Mercado Santana Shepherd Bautista Ali Shaffer Lamb Trevino McKenzie Hess Beil Olsen
    Cochran Morton Nash Wilkins Petersen Briggs Shah Roth Nicholson Holloway Lozano Rangel Flowers Hoover Short Arias
    Mora Valenzuela Bryan Meyers Weiss Underwood Bass Greer Summers Houston Carson Morrow Clayton Whitaker Decker
    Yoder Collier Zuniga Carey Wilcox Melendez Poole Roberson Larsen Conley Davenport Copeland Massey Lam Huff Rocha
    Cameron Jefferson Hood Monroe Anthony Pittman Huynh Randall Singleton Kirk Combs Mathis Christian Skinner Bradford
    Sato Suzuki Tanaka Yamamoto Nakamura Kobayashi Choi Jung Kang Cho Yoon Ahmed Hussain Rahman Begum Chowdhury Gupta
    Sharma Kumar Reddy Iyer Okafor Adeyemi Mensah Diallo Abebe Kowalski Nowak Novak Horvath Popescu Ivanov Petrov
    Rossi Ferrari Esposito Dubois Laurent Lefebvre Silveira Pereira Almeida Haddad Nasser Cohn Katz Begay Yazzie
    Kealoha Kahale
""")
_SURNAMES_OF_SEVERAL = ("van der Berg", "de la Cruz", "St. Clair", "Garcia Lopez", "Del Rio", "Von Braun", "Le Blanc")
SURNAMES = (*_SURNAMES_OF_ONE_WORD, *_SURNAMES_OF_SEVERAL)

# Surnames that lose something in a system that keeps only plain letters.
ACCENTED_SURNAMES = _words("""
    García Rodríguez Martínez Hernández López González Pérez Sánchez Ramírez Núñez Díaz Gutiérrez Jiménez Álvarez
    Vázquez Muñoz Ordóñez Peña Cortés Suárez Müller Schäfer Köhler Jäger Çelik Öztürk Nguyễn Trần Phạm Lê Huỳnh
    Dvořák Novák Horváth Szabó Kovács Gonçalves Magalhães Araújo Lefèvre Bélanger Côté Ångström Sjöberg Håkansson
""")

# Names in other scripts, with an apostrophe, or of two words: only in files without duplicates.
UNUSUAL_NAMES = ("李", "小明", "Thị Mai", "D'Arcy", "Mary Ann")

# Rare surnames consist of a beginning, perhaps a middle, and an end: some 60,000 of them.
SURNAME_BEGINNINGS = _words("""
    Har Wes Bran Hol Kir Mar Ash Brad Stan Lang Mon Car Wal Nor Ber Ros Ham Ald Win Tur Bal Cas Del Fen Gar Hes Ing
    Jas Kel Lam Mal Ned Ost Pal Quin Rad Sal Tal Ul Var Wen Yar Zel Bru Cor Dra Els Fal Gre Hub Kol Lud Mil Nov Orl
    Pav Rud Sob Thor Vor Wyn Zim
""")
SURNAME_MIDDLES = ("", "er", "en", "in", "ing", "a", "el", "o", "ers", "al", "an", "ic", "or", "es", "em", "is", "ov")
SURNAME_ENDS = _words("""
    ton son ley man berg field ski ford wood well worth by ham stein mann ner dez land wick kowski dale brook burn
    shaw mark bach vale combe gate stad more lund strom quist novic sky ick ert tini ato elli ucci eau ault aert zyk
    czak enko idis oglu yan adze aitis nen gren holm dorf hoff thal feld haus beck
""")

# Formal names and their short forms; a lender's files have either.
NICKNAMES = {
    "Robert": ("Bob", "Rob"),
    "Elizabeth": ("Liz", "Beth"),
    "William": ("Bill", "Will"),
    "Margaret": ("Peggy", "Maggie"),
    "James": ("Jim", "Jimmy"),
    "Katherine": ("Kate", "Kathy"),
    "Michael": ("Mike", "Mick"),
    "Jennifer": ("Jen", "Jenny"),
    "Richard": ("Rick", "Dick"),
    "Patricia": ("Pat", "Trish"),
    "Thomas": ("Tom", "Tommy"),
    "Susan": ("Sue", "Susie"),
    "Joseph": ("Joe", "Joey"),
    "Deborah": ("Deb", "Debbie"),
    "Charles": ("Chuck", "Charlie"),
    "Barbara": ("Barb", "Babs"),
    "Christopher": ("Chris", "Kit"),
    "Rebecca": ("Becky", "Becca"),
    "Daniel": ("Dan", "Danny"),
    "Jessica": ("Jess", "Jessie"),
    "Anthony": ("Tony", "Ant"),
    "Victoria": ("Vicky", "Tori"),
    "Edward": ("Ed", "Ted"),
    "Theresa": ("Terri", "Tess"),
    "Steven": ("Steve", "Stevie"),
    "Samantha": ("Sam", "Sammie"),
    "Andrew": ("Andy", "Drew"),
    "Alexandra": ("Alex", "Sandra"),
    "Joshua": ("Josh", "Joss"),
    "Dorothy": ("Dot", "Dottie"),
    "Kenneth": ("Ken", "Kenny"),
    "Judith": ("Judy", "Jude"),
    "Benjamin": ("Ben", "Benny"),
    "Christina": ("Tina", "Chrissy"),
    "Nicholas": ("Nick", "Nicky"),
    "Francisco": ("Paco", "Pancho"),
    "Guadalupe": ("Lupe", "Lupita"),
    "José": ("Pepe", "Chepe"),
    "Ignacio": ("Nacho", "Iggy"),
    "Dolores": ("Lola", "Lolita"),
    "Jesús": ("Chuy", "Chucho"),
    "Consuelo": ("Chelo", "Connie"),
    "Sergei": ("Seryozha", "Serge"),
    "Mohammed": ("Mo", "Hamed"),
    "Krishnamurthy": ("Krish", "Murthy"),
}

STREET_NAMES = _words("""
    Oak Main Maple Park Cedar Washington Lake Hill Pine Elm Walnut Sunset Lincoln Jackson Church River Willow
    Jefferson Center Mill Franklin Highland Spring Ridge Forest Cherry Dogwood Hickory Madison Meadow Adams Chestnut
    Spruce Laurel Railroad College Grove Poplar Birch Woodland Monroe Sycamore Locust Magnolia Hillcrest Pleasant
    Valley Prospect Central Liberty Fairview Union Cypress Cottonwood Harrison Lakeview Mulberry Juniper Clay Aspen
    Riverside Colonial Summit Clinton Lafayette Holly Division Ash Hamilton Garfield Grant Cleveland Douglas Hawthorne
    Monterey Orchard Redwood Warren Marshall Canterbury Beech Evergreen Sherwood Briarwood Heritage Peachtree Vista
    Palm Bay Ocean Harbor Beach Canyon Desert Mesquite Ranch Mission Alameda Sierra Pacific Coronado Rosewood Camelot
    Brookside Creekside Stonegate Windsor Cambridge Oxford Kingston Hampton Bristol Devon Dover Essex Foxglove
    Bluebell Larkspur Primrose Heather Clover Wren Falcon Heron Sparrow Quail Deer Elk Antelope Bison Wolf Eagle
    Trillium Huckleberry Tamarack Hemlock Linden Buckeye Persimmon Catalpa Quarry Foundry Station Depot Market Court
    Bridge Ferry Canal Wharf Tower Chapel Abbey Mansion Cottage Garden Terrace Plaza University Academy Library
""")
STREET_KINDS = ("Street", "Avenue", "Drive", "Road", "Lane", "Court", "Way", "Boulevard", "Place", "Circle")

# City, state, the first three digits of its postcodes, and an area code of its telephones.
PLACES = tuple(
    (city, state, postcode, area)
    for line in """
    Houston,TX,770,713 / Phoenix,AZ,850,602 / Chicago,IL,606,312 / Los Angeles,CA,900,213 / Columbus,OH,432,614
    San Antonio,TX,782,210 / Charlotte,NC,282,704 / Austin,TX,787,512 / Las Vegas,NV,891,702 / Jacksonville,FL,322,904
    San Diego,CA,921,619 / Indianapolis,IN,462,317 / Dallas,TX,752,214 / Philadelphia,PA,191,215 / Denver,CO,802,303
    Nashville,TN,372,615 / Oklahoma City,OK,731,405 / Brooklyn,NY,112,718 / Tucson,AZ,857,520 / San José,CA,951,408
    Fresno,CA,937,559 / Memphis,TN,381,901 / Louisville,KY,402,502 / Albuquerque,NM,871,505 / Omaha,NE,681,402
    Raleigh,NC,276,919 / Kansas City,MO,641,816 / Atlanta,GA,303,404 / Tampa,FL,336,813 / Miami,FL,331,305
    Minneapolis,MN,554,612 / Detroit,MI,482,313 / Milwaukee,WI,532,414 / Sacramento,CA,958,916 / Boise,ID,837,208
    Portland,OR,972,503 / Seattle,WA,981,206 / Spokane,WA,992,509 / Salt Lake City,UT,841,801 / Reno,NV,895,775
    Baltimore,MD,212,410 / Richmond,VA,232,804 / Virginia Beach,VA,234,757 / Pittsburgh,PA,152,412 / Albany,NY,122,518
    Buffalo,NY,142,716 / Boston,MA,021,617 / Worcester,MA,016,508 / Hartford,CT,061,860 / Newark,NJ,071,973
    Providence,RI,029,401 / Cleveland,OH,441,216 / Cincinnati,OH,452,513 / Grand Rapids,MI,495,616
    St. Louis,MO,631,314 / Springfield,IL,627,217 / Des Moines,IA,503,515 / Wichita,KS,672,316 / Tulsa,OK,741,918
    Little Rock,AR,722,501 / New Orleans,LA,701,504 / Baton Rouge,LA,708,225 / Mobile,AL,366,251
    Birmingham,AL,352,205 / Jackson,MS,392,601 / Columbia,SC,292,803 / Greenville,SC,296,864 / Orlando,FL,328,407
    El Paso,TX,799,915 / Colorado Springs,CO,809,719 / Cañon City,CO,812,719 / Billings,MT,591,406
    Fargo,ND,581,701 / Sioux Falls,SD,571,605 / Cheyenne,WY,820,307 / Anchorage,AK,995,907 / Honolulu,HI,968,808
    Burlington,VT,054,802 / Manchester,NH,031,603 / Augusta,ME,043,207 / Wilmington,DE,198,302 / Charleston,WV,253,304
    """.strip()
    .replace("\n", "/")
    .split("/")
    for city, state, postcode, area in [line.strip().split(",")]
)

MAIL_DOMAINS = (
    *("gmail.example", "yahoo.example", "outlook.example", "hotmail.example", "icloud.example", "aol.example"),
    *("comcast.example", "proton.example", "att.example", "verizon.example", "cox.example", "work.example"),
)
