// The cast and the subjects of a new site. Fiction; any likeness is chance.
extension Seeds {
  static let subjects: [(slug: String, title: String, code: String?, category: String)] = [
    ("calculus-1", "Calculus I", "MATH 101", "university"),
    ("linear-algebra", "Linear Algebra", "MATH 201", "university"),
    ("statistics", "Statistics", "STAT 110", "university"), ("physics-1", "Physics I", "PHYS 101", "university"),
    ("organic-chemistry", "Organic Chemistry", "CHEM 220", "university"),
    ("intro-programming", "Introduction to Programming", "CS 101", "university"),
    ("data-structures", "Data Structures", "CS 201", "university"),
    ("microeconomics", "Microeconomics", "ECON 101", "university"),
    ("school-maths", "Mathematics for school", nil, "school"), ("school-physics", "Physics for school", nil, "school"),
    ("reading-writing", "Reading and writing", nil, "school"), ("english", "English", nil, "languages"),
    ("spanish", "Spanish", nil, "languages"),
    ("arabic", "Arabic", nil, "languages"), ("german", "German", nil, "languages"),
    ("french", "French", nil, "languages"),
    ("urdu", "Urdu", nil, "languages"), ("piano", "Piano", nil, "music"), ("guitar", "Guitar", nil, "music"),
    ("violin", "Violin", nil, "music"),
    ("singing", "Singing", nil, "music"), ("music-theory", "Music theory", nil, "music"),
    ("public-speaking", "Public speaking", nil, "professional"),
    ("swift-programming", "Swift programming", nil, "professional"),
    ("product-management", "Product management", nil, "professional"),
    ("job-interviews", "Job interviews", nil, "professional"),
  ]

  static let teachers: [Teacher] = [
    Teacher(
      username: "amal", name: "Amal Haddad", zone: "Europe/London",
      headline: "Mathematics that finally makes sense, one picture at a time",
      biography: """
        I teach **calculus, algebra and statistics** to students who were told they are not maths people.

        A lesson with me begins with a question of yours and ends with an exercise you can do alone. In between we draw a lot.

        - First-year university courses and exam preparation
        - Patient with gaps from school
        - Short written summary after each lesson
        """, city: "London", place: (51.51, -0.13), years: 9, languages: [("en", "native"), ("ar", "native")],
      subjects: [("calculus-1", 3200, [30, 60, 90]), ("linear-algebra", 3600, [60, 90]), ("statistics", 3400, [60])],
      credential: ("degree", "MSc Mathematics", "University of Leeds", 2015),
      // Round the clock, so that whoever tries the site finds a time that begins now.
      hours: (1...7).map { ($0, 0, 24) }, approval: "instant",
      words: [
        (5, "Amal found in ten minutes what I had misunderstood for a year. I passed, and I even like integrals now."),
        (5, "Calm, exact and funny. The drawings after the lesson are gold for revising."),
        (4, "Very clear. I would have liked a little more homework."),
      ]),
    Teacher(
      username: "hiro", name: "Hiro Tanaka", zone: "Asia/Tokyo",
      headline: "Piano for people who want to play this year, not in ten",
      biography: """
        Concert pianist and teacher. We work on pieces **you** love from the first day, and technique grows out of them.

        I use the original-sound setting of the classroom, so what you hear is what I play.
        """, city: "Tokyo", place: (35.68, 139.69), years: 14, languages: [("ja", "native"), ("en", "fluent")],
      subjects: [("piano", 4800, [45, 60]), ("music-theory", 4000, [60])],
      credential: ("degree", "Diploma in piano", "Toho Gakuen", 2009),
      hours: [(1, 7, 21), (2, 7, 21), (3, 7, 21), (4, 7, 21), (5, 7, 21), (6, 8, 20)], approval: "instant",
      words: [
        (5, "After three lessons I played at my sister's wedding. I did not think that could happen."),
        (5, "He hears everything and is kind about it. Worth every minute."),
      ]),
    Teacher(
      username: "sofia", name: "Sofía Morales", zone: "America/Mexico_City",
      headline: "Spanish by talking, from the first minute",
      biography:
        "Journalist, and a teacher of Spanish for eleven years. We talk about your life and the news; grammar comes when you need it, never before. You get the words of the day in writing after every lesson.",
      city: nil, years: 11, languages: [("es", "native"), ("en", "fluent"), ("fr", "conversational")],
      subjects: [("spanish", 2200, [30, 45, 60])],
      credential: ("certificate", "DELE examiner", "Instituto Cervantes", 2016),
      hours: [(1, 6, 22), (2, 6, 22), (3, 6, 22), (4, 6, 22), (5, 6, 22), (7, 10, 18)], approval: "instant",
      words: [
        (5, "I dreamt in Spanish after the fourth week. Sofía makes you talk before you are ready, and it works."),
        (5, "The best hour of my week, and my Spanish grows without my noticing."),
        (4, "Lively and very well prepared."),
      ]),
    Teacher(
      username: "noah", name: "Noah Weber", zone: "Europe/Berlin",
      headline: "Programming from the first line to your first job",
      biography: """
        Engineer by day, peer tutor by heart. I teach introductory programming and data structures, and I read your code **with** you instead of rewriting it.

        Students of my university come for free; I was helped that way too.
        """, city: "Berlin", place: (52.52, 13.40), years: 4, languages: [("de", "native"), ("en", "fluent")],
      subjects: [
        ("intro-programming", 0, [30, 60]), ("data-structures", 0, [60]), ("swift-programming", 5500, [60, 90]),
      ],
      credential: ("experience", "Six years as a software engineer", "Two small companies", 2020),
      hours: [(1, 9, 21), (2, 9, 21), (3, 9, 21), (4, 9, 21), (5, 9, 21), (6, 10, 20), (7, 10, 20)],
      approval: "request",
      words: [
        (5, "He asks the right question and waits until you see it yourself. I understood pointers in one evening.")
      ]),
    Teacher(
      username: "fatima", name: "Fatima Zahra Khan", zone: "Asia/Karachi",
      headline: "English and Urdu for families between two worlds",
      biography:
        "Children who speak one language at home and another at school are my speciality. Stories, games and patience; parents get a short note after every lesson, and exams are prepared without tears.",
      city: "Lahore", place: (31.55, 74.34), years: 7,
      languages: [("ur", "native"), ("en", "fluent"), ("hi", "conversational")],
      subjects: [
        ("english", 1500, [30, 45, 60]), ("urdu", 1500, [30, 45, 60]), ("reading-writing", 1400, [30, 45]),
      ],
      credential: ("degree", "MA Applied Linguistics", "University of the Punjab", 2018),
      hours: [(1, 9, 22), (2, 9, 22), (3, 9, 22), (4, 9, 22), (6, 10, 20), (7, 10, 20)], approval: "instant",
      words: [
        (5, "My daughter runs to the computer when it is time. She reads to her grandmother in Urdu now."),
        (4, "Warm and well organised."),
      ]),
    Teacher(
      username: "grace", name: "Grace Mensah", zone: "America/New_York",
      headline: "Interviews and speeches: say what you mean, calmly",
      biography:
        "For twelve years I hired people; now I help them be heard. We rehearse on camera, look at two minutes of it together, and change one thing at a time. You leave with three sentences you can rely on.",
      city: nil, years: 12, languages: [("en", "native")],
      subjects: [("job-interviews", 6500, [60]), ("public-speaking", 6000, [60, 90])],
      credential: ("certificate", "Certified coach", "International Coaching Federation", 2017),
      hours: [(1, 7, 19), (2, 7, 19), (3, 7, 19), (4, 7, 19), (5, 7, 15)], approval: "request",
      words: [
        (5, "I got the job. Grace's three sentences were all I needed when my mind went blank."),
        (5, "Honest, precise and encouraging, all at once."),
      ]),
  ]
}
