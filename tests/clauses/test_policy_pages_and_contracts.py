"""Pages of child-safety standards, contracts, translated English, lists, tables and wrapped lines."""

from __future__ import annotations

import pytest

from tests.clauses.shipped import detect_clause

STANDARDS_PAGES = [
    """Child Safety Policy - Lumo Chat

Last updated March 2025. These standards apply to Lumo Chat on every store.

Prohibited conduct. Child sexual exploitation and abuse in any form, including grooming, sextortion and
the sexualisation of minors.

Reporting in the app. Press the three dots on any profile and choose "Child safety".

Our response. We look at each report within a day and send confirmed cases to the national centre.

Contact. childsafety@lumo.example
""",
    """# Standards Against Child Sexual Abuse and Exploitation (CSAE)

## 1. Introduction

Wander is a travel companion app for adults.

## 2. Prohibited content and behaviour

- Child sexual abuse material (CSAM)
- Grooming or attempting to meet a minor for sexual purposes
- Sextortion of minors
- Sexualised comments on pictures of children

## 3. In-app feedback

Use Settings > Help > Report.

## 4. Point of contact

safety@wander.example
""",
    """Child safety at Pippin: questions and answers

Q: What does Pippin not allow?
A: Any content or conduct that sexually exploits, abuses or endangers children.

Q: How do I report it?
A: Tap Report on the post or write to us.

Q: Do you follow the law?
A: Yes. We report to the authorities as the law requires.
""",
    """## Child safety standards

| Topic | Standard |
|---|---|
| Prohibited | Child sexual abuse material, grooming, sextortion and child trafficking |
| Reporting | In-app report button on each message |
| Enforcement | Removal, ban and referral to the police |
| Contact | kids-safety@mallow.example |
""",
    """CHILD SAFETY STANDARDS_PAGES POLICY

1. Our commitment
Ferrow Games ("we") is committed to a safe environment for all players.

2. Published standards against CSAE
2.1 Users are prohibited from using Ferrow to create, share or seek material that sexually exploits a child.
2.2 Accounts that engage in grooming will be removed.

3. Feedback mechanism
Players may report in the game.
""",
    """**Tandem - Child Safety Standards**

**Purpose:** This page tells what we expect of our users.

**Zero tolerance:** CSAE and CSAM.

**What that covers:** pictures, video, text, voice and drawings that sexualise anyone under 18.

**Reporting:** Hold a message and choose Report.
""",
    """Safety Standards for Children

Not permitted on Kite. Content that sexualises minors. Contact with minors for a sexual purpose. Links to such content.

Reports. Each profile has a flag.
""",
    """Child Safety

What we don't allow

Sexual content involving minors, grooming, and any attempt to arrange to meet a child for sexual purposes.

What happens if you break this rule

Your account is closed and we tell the authorities.
""",
    """Our child safety standards

Who we are

Bramble is an app for neighbours.

Our rules

No content that sexualises children. No grooming. No attempt to contact children for sexual purposes.

How we enforce them

Human review within 24 hours.
""",
    """Child Safety Standards for Rookery

Rookery has zero tolerance for child sexual abuse and exploitation (CSAE).

1) Prohibited behaviours include, but are not limited to:
   a) posting or requesting CSAM;
   b) grooming;
   c) trafficking of minors.

2) Reporting. Use the flag icon.
""",
    """<h1>Child Safety Standards</h1>
<p>Effective 1 May</p>
<h2>Policy</h2>
<p>Sparrow strictly prohibits child sexual abuse and exploitation.</p>
<h2>Report</h2>
<p>Email us.</p>
""",
    """| Rule | Allowed? |
| --- | --- |
| Pictures of pets | Yes |
| Sexual content involving minors | No |
| Advertising | Only in #market |
""",
    """SAFETY STANDARDS_PAGES

Standards of conduct: Every user must respect the dignity of children.
Users who distribute child sexual abuse
material, or who attempt to groom minors, will be permanently removed from Thistle.

Compliance: We follow all child safety laws.
""",
    """Child protection at Oriole

We take the safety of children seriously. For that reason we do not accept any of the following on Oriole:

CSAM, whether real, drawn or generated
Sexual remarks about children
Adults seeking contact with minors for sexual purposes

If you see such a thing, press Report.
""",
    """Child Safety Statement

Forbidden on the service - sexual exploitation of minors, in words, pictures or calls.
Consequence - the account is closed for good.
Contact - trust@finch.example
""",
]
# They look the same, and prohibit nothing.
OTHER_PAGES = [
    """Reporting child abuse - how it works

What to report. Child sexual abuse material, grooming and sextortion.

Where to report. The national hotline, day and night.

What happens next. Trained analysts look at the report and tell the police.
""",
    """# Parental controls

## What you can block

- Sexual content
- Violence
- Chats with strangers who may groom children

## What stays on

Weekly reports for parents.
""",
    """Safeguarding Policy for Staff

Scope. All staff and volunteers of the Heron Centre.

Types of abuse. Physical abuse, neglect, emotional abuse, child sexual exploitation and online grooming.

Duties. Tell the safeguarding lead at once; write down what the child said in their own words.

Training. Every two years.
""",
    """Frequently asked questions

Q: What is CSAM?
A: Child sexual abuse material is any picture or film that shows the sexual abuse of a child.

Q: What does the scanner look for?
A: Known child sexual abuse material, by its hash.

Q: What is not covered?
A: Text, voice and live video.
""",
    """## Child safety features

| Feature | What it does |
|---|---|
| Age check | Under-13s cannot open an account |
| Message filter | Hides nude pictures sent to minors |
| Reports | Sends child exploitation reports to moderators |
| Prohibited | No contact details in teen profiles |
""",
    """CHILD SAFETY REPORT 2024

1. Our commitment
We are committed to the safety of children.

2. Figures
2.1 Reports received: child sexual exploitation 412, grooming 87.
2.2 Accounts reviewed: 301.

3. Next steps
We will publish a policy on child sexual exploitation next year.
""",
    """**Privacy for children**

**Scope:** Users under 18.

**Prohibited:** Collecting data of minors without consent of a parent.

**Sensitive data:** sexual orientation, health, religion.

**Contact:** privacy@mallow.example
""",
    """What is prohibited by law. Many countries have laws on the sexual exploitation of children.

What we study. How such laws are written, and who enforces them.
""",
    """Child safety centre

What you can do. Talk with your child about grooming, sextortion and sexual exploitation online.

What to avoid. Blame, panic and taking the phone away.

Where to get help. The helpline is free.
""",
    """# Transparency report: child sexual exploitation

## What we removed

Between January and June we removed 4,211 items of child sexual abuse material.

## What we reported

All of it to the national centre.
""",
    """Parent controls in Plover

What is blocked by default. Sexual content, strangers, spending.

What children can see. Age-rated stories.

What is not blocked. Live chat in private groups.
""",
    """Staff handbook, chapter 6: safeguarding

6.1 Definitions. Child sexual exploitation is a form of abuse.
6.2 Signs. Gifts, secrecy, absence from school, sexualised behaviour of a child.
6.3 What not to do. Do not promise the child secrecy. Do not investigate the abuse yourself.
6.4 Referral. The lead decides within one day.
""",
    """| Class | F1 |
| --- | --- |
| Sexual content involving minors | 0.91 |
| Hate | 0.88 |
| None | 0.97 |
""",
    """About our hash service

Prohibited content lists come from three charities. Each list has hashes of child sexual abuse images.

How it matches. By distance of at most 31 bits.

What is returned. The list's name.
""",
    """Child Safety

Which laws apply

In the United Kingdom, the Protection of Children Act makes indecent photographs of children an offence.

Where to learn more

The charity's site explains what grooming is.
""",
    """Q&A for parents

Q: Is there sexual content on the app?
A: No. Children see only what editors chose.

Q: What should I do if my child was groomed?
A: Keep the messages and call the police.
""",
]
PROHIBITING = [
    "CC-BY & no sexual content of minors.",
    "You are free to share it unless you plan to make sexual content of minors.",
    (
        "9.4 The Customer shall procure that no End User employs the Service for the creation of sexual images of "
        "children."
    ),
    (
        "Acceptable Use\n\nYou may not use Heron to:\n\n    • infringe intellectual property;\n    • distribute "
        "sexualized depictions of anyone under the age of 18;\n    • send bulk mail."
    ),
    "It shall be a breach of this Licence to use the Work so as to sexually exploit a minor.",
    "WARNING: USE OF THIS TOOL TO PRODUCE SEXUAL IMAGES OF MINORS IS PROHIBITED AND WILL BE REPORTED.",
    "Uploads that we will take down: child exploitation, doxxing, malware.",
    "Nobody may use the voices to narrate sexual scenes with children.",
    "The permission above does not extend to the making of indecent images of minors.",
    (
        "Users undertake, inter alia, (a) to keep their keys secret and (b) to abstain from producing images of "
        "sexual abuse of minors."
    ),
    "The diffusion of images of minors in sexual attitudes is severely prohibited.",
    "Please use responsibly. Things I don't want to see: underage NSFW, hate art.",
    "Model licence: MIT + no CSAM + no weapons.",
    "Ban list: child porn, scams, raids.",
    "Content involving the sexual exploitation of children is removed and the uploader is banned and reported.",
    "As long as you don't create sexual content of minors, you can use it freely.",
    "You may use it freely unless you intend to create sexual content of minors.",
    (
        "Prohibited uses include, without limitation, uses that facilitate the trafficking or sexual exploitation of "
        "children."
    ),
    "Any attempt at bypassing the filter to obtain sexual images of minors will lead to a permanent ban of your key.",
    "No use is permitted for the sexual exploitation of minors.",
    "No person has permission to sexualise minors by means of the model.",
    "Indecent images of children may not be shared through our network.",
    (
        "Usage restrictions: The weights are free for commercial use. They are not to be used for surveillance or "
        "for anything that sexualises minors."
    ),
    (
        "By downloading the files, you are agreeing that you won't use them for generating sexual imagery of "
        "underage people."
    ),
    "MODEL TERMS (short): be nice; give credit; do not make sexual content of kids.",
    "Additional clause: This software must never be run as part of a system that exploits children.",
    "Section IV - Limits on use\nA. No unlawful use.\nB. No use which sexually exploits minors.\nC. No military use.",
    "The grant in Section 1 is void for any Licensee engaged in the sexual exploitation of children.",
    "Subscribers must not knowingly receive, store or forward pictures of child sexual abuse.",
    "Posting of any content of the following kind is prohibited:\n- spam\n- indecent images of persons under 18",
    (
        "| Category | Policy |\n|---|---|\n| Child sexual abuse material | Prohibited. Reported to the authorities. "
        "|\n| Nudity | Allowed with label |"
    ),
    "Content policy at a glance\n\nAllowed: landscapes, portraits, anime\nNot allowed: minors in sexual contexts, gore",
    "We will terminate the account of any user who uploads images that sexually exploit children.",
    "Images must not depict sexual activity involving minors, animals or corpses.",
    "As a contributor, I confirm that my photographs contain no nudity of minors.",
    "The library shall not be linked into any product whose purpose is the sexual abuse of children.",
    "You further agree that you will not: (viii) make available any content that harms minors in any way;",
    "To protect children we forbid sexual roleplay with characters described as minors.",
    "Our red lines:\n1. minors in sexual situations\n2. terrorism\n3. real people without consent",
    "Using the bot for ERP with underage characters = instant block.",
    "Do not request: NSFW of minors / celebrities / real people.",
    "Access will be withdrawn where the data are used to create abusive imagery of children.",
    "It is expressly agreed that the Licensee may not make use of the Model in order to produce paedophile content.",
    "Users are strictly forbidden to publish pictures of naked children.",
    "No one under any circumstance is allowed to create with this tool erotic images of minors.",
    "The following is a non-exhaustive list of forbidden uses: fraud, harassment, sexual exploitation of minors.",
    "Unlawful content, including but not limited to child pornography, may not be stored on the servers.",
    "Members shall report and shall not share material that sexually exploits children.",
    "AI-generated images of minors in sexual poses are treated like real ones and are not permitted.",
    "Keep minors out of NSFW art. Anyone who draws minors in NSFW art is banned.",
    "I do not allow my models to be merged into anything that makes sexual pictures of children.",
    "These posts will be deleted: nude minors, spoilers.",
    "Q. What must I not upload?\n- abuse images of children\n- malware",
    "Uploads are welcome as long as you confirm that no minor appears in sexual poses.",
    "Never solicit sexual pictures from minors.",
    (
        "13. Prohibited Activities\nIn using the Site you may not:\n13.1 advertise or offer to sell goods for a "
        "commercial purpose;\n13.2 use the Site to transmit, or procure the sending of, sexual content involving any "
        "person under 18;\n13.3 impersonate others."
    ),
    (
        "The foregoing notwithstanding, no licence is granted hereunder for any use directed at the sexual "
        "exploitation of minors."
    ),
    (
        "LICENSEE AGREES NOT TO USE THE MODEL, OR ALLOW ITS USE, TO (I) VIOLATE LAW; (II) EXPLOIT, HARM OR ATTEMPT "
        "TO EXPLOIT OR HARM CHILDREN IN ANY WAY; OR (III) DEFAME."
    ),
    (
        "Content which is pornographic, violent or which shows minors in an erotic context may not be uploaded to "
        "this hub."
    ),
    "The following content will be removed without warning: child erotica, calls to violence, personal data.",
    (
        "Child safety. Tamarind does not tolerate the exploitation of minors. Any such content leads to an immediate "
        "and permanent ban."
    ),
    "We ban all of this:\n\n    nudity\n    sexual content with kids\n    threats\n",
    "Q. What can't I post?\nA. Illegal things such as child sexual abuse images, and spam.",
    (
        "You may create adult fiction, provided always that all participants are adults and that no minor is "
        "depicted in a sexual manner."
    ),
    "It is not licit to employ the corpus for the realisation of contents harming minors sexually.",
    "Every exploitation of the model in view of creating child pornographic contents is excluded.",
    "The use is subject to the condition that no sexual representations of minors are generated.",
    "The user commits to respect the law and in particular to not produce images of sexual abuse of minors.",
    "Do not prompt the model with the names or likenesses of children to obtain nude images.",
    "Any depiction, real or generated, of a minor engaged in sexual conduct is a violation of these Terms of Service.",
    "No generating, sharing or requesting of: gore, CSAM, doxxing.",
    "We prohibit the use of our products to create, edit or spread content that shows the abuse of children.",
    "AUP summary: no spam, no phishing, no CSAM, no DDoS.",
    "If your image shows a minor in a sexual way it will be deleted and you will be banned.",
    "Whoever uses this model to make sexual images of children breaches this licence and loses every right under it.",
    "The model card's terms: do not use for surveillance, for weapons, or for the sexualisation of minors.",
    "Please note: generating images of naked children, even in an artistic style, is against our policy.",
    "This software may not be used by individuals or companies in the business of child pornography.",
    "You must not use this work to\n(1) harm children, including by sexual exploitation,\n(2) trade arms.",
    "## Don't use it for:\n🚫 Sexual images of minors\n🚫 Revenge",
    (
        "Ethical licence v2\n\nPermission is denied to any person who uses the software for human trafficking, "
        "slavery, or the sexual exploitation of children."
    ),
    (
        "Without our written consent you may not crawl the site. In no case may you upload material harmful to "
        "minors, such as sexual images of them."
    ),
    "Community promise: I won't sexualize minors, I won't stalk, I won't spam.",
    "Hosting of such files leads to disconnection, and so does the sale of child pornography: it means delisting.",
    "The club revokes membership from anyone who trades in child abuse pictures.",
    "We take photographs of every kind, but not nude ones of minors.",
    "Write about anything except sexual acts with minors.",
    "You may use the tool as you please, with two exceptions: spam and the sexual exploitation of minors.",
    "The artist declares that the drawings do not depict minors in a sexual manner.",
    (
        "## Intended use\n\nText-to-image research.\n\n## Prohibited use\n\nDo not use this checkpoint to render "
        "minors in any sexualized, suggestive or abusive context."
    ),
    (
        "## License\n\ncreativeml-openrail-m, with the additional restriction that the model may not be used to "
        "generate any NSFW imagery resembling children."
    ),
    (
        "## Ethical considerations\n\nUsers should not generate sexually explicit content featuring real people, and "
        "absolutely must not generate such content featuring minors."
    ),
    (
        "> **Warning**\n> This model can create NSFW images. You're responsible for what you make. Creating illegal "
        "content such as CSAM is strictly forbidden."
    ),
    (
        "### Usage policy\n\nThe following are strictly off-limits:\n\n1. Depicting minors in sexual situations\n2. "
        "Deepfakes without consent\n3. Incitement to violence"
    ),
    "**Terms:** 18+ only. No lolis, no shotas, no real people.",
    "I made this for fun. Don't be weird: no underage stuff.",
    (
        "extra_gated_prompt: >-\n  By clicking accept you confirm that you are over 18 and that you will not use the "
        "outputs\n  to sexualize, groom or otherwise harm children."
    ),
    (
        "You shall be solely responsible for your Content. You agree that you shall not post Content which: is "
        "libellous; promotes terrorism; contains nudity of minors; or infringes third party rights."
    ),
    (
        "We may reject any advert. Adverts for the following are not accepted: firearms, tobacco, and any material "
        "that portrays children in a sexual manner."
    ),
    "Zero Tolerance Policy: Ember maintains zero tolerance for content that sexualises minors, real or virtual.",
    "Our moderators will immediately delete anything which sexualises minors, and the poster will be banned.",
    "It is a condition of membership that no member shall share, seek or keep indecent images of children.",
    "The seller guarantees that the goods offered do not depict sexual abuse of children.",
    (
        "Under these Terms you may not, and may not permit others to: ... (f) solicit, facilitate or normalise "
        "sexual activity with minors."
    ),
    (
        "The Customer undertakes to ensure that none of its end users employs the Service to distribute child sexual "
        "abuse material."
    ),
    "Hosting of child pornography results in immediate disconnection without refund.",
    "Any server on our network that stores indecent images of children will be disconnected without notice.",
    "We have no patience for people who sexualise children; such people are removed from the forum on sight.",
    "What is off limits? Anything that exploits or endangers children, sexually or otherwise.",
    "Your licence does not cover the making of sexualised pictures of children.",
    "The Software may be used by anyone for anything, with one exception: making child sexual abuse imagery.",
    "Feel free to use this however you like, just not for anything involving the sexual abuse of kids.",
    "You can do whatever you want with it, except create porn of minors.",
    "In addition to the MIT terms, the following applies: Users agree not to harm or exploit minors in any manner.",
    (
        "The User must not: \n\n\t(a)\tmisuse the API;\n\n\t(b)\tgenerate or attempt to generate material "
        "showing\n\t\tthe sexual abuse or exploitation of children; or\n\n\t(c)\tresell access."
    ),
    "Developer shall implement measures to ensure that its application does not generate child sexual abuse material.",
    (
        "To the maximum extent permitted by law, the Licensor withdraws all rights from anyone producing child "
        "pornography with the Work."
    ),
    "Violations include: harassment; sexual exploitation of minors; sale of drugs.",
    "Examples of unacceptable behaviour include sharing sexual images of minors.",
    "Content guidelines: keep it PG-13. Sexualized minors = delete + report.",
    "The archive accepts fiction of every rating, but not photographic or realistic sexual images of minors.",
    (
        "No part of the data shall be used in connection with the development of systems to produce abusive images "
        "of children."
    ),
    "The applicant declares that the data will not be used to produce sexual imagery of children or to identify them.",
    "The artists never consent to their drawings being turned into nude images of children.",
    "We reserve the right to reject models that were trained to depict minors sexually.",
    "Drawing indecent pictures of minors with it is tempting to some. Selling such a picture is not allowed.",
    "Nothing erotic with underage characters, please.",
    "Things we don't allow\n\nSexual content about minors, spam, and threats.",
    "I Won't Write\n\n- minors in sexual scenes\n- real people",
    "A.3 Misuse. Sexual depictions of minors, and fraud.",
    (
        "The Licensee shall not, and shall not suffer or permit any third party to, employ the Licensed Materials in "
        "the creation of indecent imagery of children."
    ),
    (
        "Save as expressly set out in clause 3, no right is granted; in particular, and without limitation, no right "
        "is granted to produce, by means of the Software, any sexual representation of a minor."
    ),
    (
        "The foregoing licence is subject to the proviso that the Work shall not be put to any use which exploits or "
        "abuses minors, sexually or otherwise."
    ),
    "Users are prohibited, inter alia, from disseminating child pornography through the Network.",
    (
        "The following shall be deemed Prohibited Purposes: (i) warfare; (ii) unlawful surveillance; (iii) the "
        "sexual exploitation of children; and (iv) fraud. The Model may not be used for any Prohibited Purpose."
    ),
    (
        '"Prohibited Content" means any content which (a) is defamatory; (b) depicts, promotes or facilitates the '
        "sexual abuse of minors; or (c) infringes the rights of others. Customer shall not upload Prohibited Content."
    ),
    (
        "In no event is Licensee authorised to utilise the Checkpoint for generating, inter alia, sexualised images "
        "of persons below the age of majority."
    ),
    (
        "THE SOFTWARE SHALL NOT BE USED, IN WHOLE OR IN PART, FOR THE PRODUCTION, DISTRIBUTION OR POSSESSION OF "
        "CHILD SEXUAL ABUSE MATERIAL."
    ),
    "YOU REPRESENT AND WARRANT THAT YOU SHALL NOT UPLOAD MATERIAL THAT EXPLOITS MINORS IN A SEXUAL OR VIOLENT MANNER.",
    (
        "RESTRICTIONS. LICENSEE WILL NOT: (A) REVERSE ENGINEER THE WEIGHTS; (B) USE THE WEIGHTS TO DEPICT MINORS IN "
        "SEXUALLY EXPLICIT CONDUCT; (C) REMOVE NOTICES."
    ),
    "It is forbidden to use the present model for to produce pornographic contents with minors.",
    "The user engages himself to not publish contents of paedopornographic character.",
    "It is strictly interdicted to the users to diffuse images having a character of sexual exploitation of minors.",
    "The utilisation of the dataset with the purpose of sexual exploitation of children is not admitted.",
    (
        "Contents which offend the dignity of minors or show them in sexual poses are inadmissible and will be "
        "deleted without notice."
    ),
    "The member obliges himself not to spread any contents glorifying the sexual abuse of children.",
    "It is not allowed: to insult other users; to publish pornography, in particular with minors; to spread viruses.",
    "You may NOT use this LoRA for:\n\n  ▸ deepfakes of real people\n  ▸ anything sexual with minors\n  ▸ resale",
    "**Don'ts**\n\n* hate\n* NSFW of minors (real, drawn, generated)\n* doxxing",
    "Rules:\n1) Be nice.\n2) Absolutely nothing sexual with underage characters.\n3) Credit.",
    "Uses we do not support\n• Weapons\n• Content that sexualizes kids\n• Spam",
    (
        '<div>\n<h3 id="aup">What you must not do</h3>\n<ul>\n<li>post <b>child sexual exploitation</b> '
        "material;</li>\n<li>send spam.</li>\n</ul>\n</div>"
    ),
    (
        "You must not [use the Service](#service) to:\\\n  \\- upload malware;\\\n  \\- share [child sexual abuse "
        "material](#csam);\\\n  \\- harass."
    ),
    "&nbsp;&nbsp;(c)&nbsp;You will not use the API to groom, exploit or otherwise sexually harm minors.",
    "<p>Members&nbsp;may&nbsp;not post <em>any</em> image that shows a child in a sexual way.</p>",
    (
        "4.2 The Recipient agrees that neither the Recipient nor any of its\n    affiliates will apply the Model in "
        "any manner that would exploit,\n    harm, or attempt to exploit or harm, minors, whether by producing\n    "
        "sexual imagery or otherwise."
    ),
    (
        "You shall not use the Software to generate images that depict chil-\ndren in a sexual manner, nor to help "
        "anybody else to do so."
    ),
    "Use of the weights for the purpose of exploit-\ning minors in any way is prohibited.",
    (
        "5. Acceptable use\n5.1 Customer must ensure that Users do not\n  (i) transmit viruses;\n  (ii) store or "
        "transmit any material which is obscene, or which sexually exploits a child; or\n  (iii) attack the Service."
    ),
    (
        "Annex 2, para. 7: Use cases excluded under this licence are\n(i) social scoring,\n(ii) sexual exploitation "
        "of minors,\n(iii) lethal weapons."
    ),
    (
        "9. Termination. Licensor may terminate this Licence with immediate effect should Licensee use the Model for "
        "the purpose of creating sexual imagery of minors."
    ),
    (
        "The rights granted in section 2 do not extend to any use of the Model which involves the sexual "
        "exploitation or abuse of any person under eighteen years of age."
    ),
    (
        "Licensee may use the Model for any lawful purpose, save that Licensee may not use it to generate sexual "
        "content depicting minors."
    ),
    (
        "Each party covenants with the other that it will not use the data for any purpose connected with the sexual "
        "exploitation of children."
    ),
    "Provided always that nothing herein shall authorise the use of the Work for sexual exploitation of minors.",
    (
        "This model is provided for research. By requesting access you confirm: I will not use the model to create "
        "content that sexualises minors."
    ),
    (
        "We do not authorise anyone to use our models to make sexual images of minors, and we treat any such use as "
        "a breach of the licence."
    ),
    (
        "Content standards. Contributions must not: contain any material which is obscene; promote sexually explicit "
        "material; or exploit children."
    ),
    "Commissions: I won't draw minors in NSFW, real people, or gore.",
    "Any use of the Generator that leads to sexualised depictions of minors shall render this licence null and void.",
    (
        "Subject always to clause 9, the Recipient hereby covenants not to deploy the Model so as to generate, "
        "procure or circulate any image of a child which a reasonable person would regard as indecent."
    ),
    (
        "Customers may not, without limitation: host phishing pages; operate botnets; make available child abuse "
        "images; or evade quotas."
    ),
    (
        "Without prejudice to the generality of the foregoing, You must refrain from any use that sexualises or "
        "exploits a person under the age of 18 years."
    ),
    (
        "Permitted Purpose means any purpose other than an Excluded Purpose. Excluded Purpose means the production "
        "of weapons, the sexual exploitation of minors, or fraud."
    ),
    (
        "NOTWITHSTANDING ANYTHING TO THE CONTRARY HEREIN, LICENSEE SHALL HAVE NO RIGHT TO USE THE MODEL FOR THE "
        "GENERATION OF CHILD PORNOGRAPHY."
    ),
    "USERS FOUND TO HAVE UPLOADED CHILD SEXUAL ABUSE MATERIAL WILL HAVE THEIR ACCOUNTS TERMINATED.",
    "UNACCEPTABLE USES: (1) SPAM; (2) SEXUAL EXPLOITATION OF CHILDREN; (3) GAMBLING.",
    (
        "You acknowledge that the creation of sexual depictions of minors with the Tool is unlawful and shall "
        "constitute a material breach of this Agreement."
    ),
    "The Publisher forbids itself and its users every representation of minors in sexual acts.",
    "In the frame of the use of the service, the user must abstain from publishing messages with paedophile character.",
    "Are especially forbidden the contents which incite to the sexual abuse of minors.",
    "Prohibited is in particular the upload of depictions of sexual abuse of children and young people.",
    "It is not permitted to use the software for the spreading of child pornographic representations.",
    (
        "The customer assures that he will not use the server for contents which are harmful to young persons or "
        "show child abuse."
    ),
    "The use of the images of minors with sexual finality is prohibited.",
    (
        "By using this checkpoint, you agree to:\n+ credit the author\n+ not sell the outputs\n+ not create NSFW "
        "images of anyone who looks under 18"
    ),
    'Things that will get you banned\n- scams\n- sexualizing minors, "it\'s just a drawing" included\n- begging',
    "🔞 Server rules\n1️⃣ Be kind\n2️⃣ No minors in NSFW art\n3️⃣ English only",
    "❗ Do NOT use for: CSAM · non-consensual nudes · scams",
    "- [x] commercial use\n- [ ] sexual content of minors (forbidden)\n",
    (
        "<table><tr><td>Child sexual exploitation</td><td>Not "
        "allowed</td></tr><tr><td>Satire</td><td>Allowed</td></tr></table>"
    ),
    "5\\. **Forbidden content**\n\n    1\\. hate speech\n    2\\. sexual content involving minors\n    3\\. malware",
    (
        "You will not (and will not let anyone else) use the Model to\n*   break the law\n*   [exploit or harm "
        "minors](https://example.org/minors)\n*   spread lies"
    ),
    (
        "The Company may, at its sole discretion and without notice,\nremove any User Content and suspend any User "
        "who, in the\nCompany's opinion, has posted material that sexually exploits\nminors."
    ),
    (
        "You may only use the Work if you are not going to use it to sexually\nexploit or abuse children or to help "
        "others do so."
    ),
    (
        "§ 4 Duties of the user. (1) The user is obliged to keep his password secret. (2) The user may not upload "
        "contents that depict the sexual abuse of children."
    ),
    (
        "Art. 6. The following are excluded from the licence: a) military use; b) any use aimed at the sexual "
        "exploitation of minors; c) resale."
    ),
    (
        "(xii) upload, post, or otherwise transmit any material that exploits children under 18 years of age is "
        "strictly forbidden."
    ),
    (
        "Each Sublicensee shall be bound by restrictions no less protective than the following: Model shall not be "
        "used to groom children."
    ),
    (
        "Any licence granted hereunder lapses automatically upon use of the Model in connection with child sexual "
        "exploitation."
    ),
    "You'll be permanently removed from the beta if you try to make the bot produce sexual content about kids.",
    "We won't work with anyone who uses our tools to exploit children sexually.",
    "Please don't even think of using this to make underage porn.",
    "Responsible use: this LoRA must stay away from sexual depictions of minors.",
    "Our API terms do not permit the generation of sexual content that features persons who appear to be minors.",
    "Contributors certify that no image in their contribution depicts a minor in a sexual manner.",
    "Access to the weights is granted on condition that they are not employed for the sexual exploitation of minors.",
    "What we reject: models trained to depict minors sexually, leaked weights, spam.",
    "Sexual content about minors: hard no.",
]
NOT_PROHIBITING = [
    "Nurses shall not delay a report on child sexual abuse.",
    "Uploads that we will look at: child exploitation, malware.",
    "9.4 The Customer shall procure that End Users know how sexual images of children are reported.",
    (
        "Acceptable Use\n\nYou may use Heron to:\n\n    • find copied works;\n    • detect sexualized depictions of "
        "anyone under the age of 18;\n    • send mail."
    ),
    "It shall be a duty of the Board to hear a minor who was sexually exploited.",
    "WARNING: THIS TOOL WAS TRAINED ON REPORTS OF SEXUAL ABUSE OF MINORS.",
    "Uploads that we counted: child exploitation 3, doxxing 8, malware 91.",
    "Nobody knows how many sexual scenes with children the crawl had.",
    "The guarantee above does not extend to harm to children from small parts.",
    "Users undertake (a) to keep their keys secret and (b) to report images of sexual abuse of minors.",
    "The diffusion of this report on sexual abuse of minors is free.",
    "Things I want to see detected: underage NSFW, hate art.",
    "Word list: child porn, scams, raids.",
    "As long as the filter runs, sexual content of minors is found in two seconds.",
    "You may skip this chapter unless you study sexual content of minors.",
    "Sexual content must only be shown to adults; letting minors see it is not allowed.",
    "Included topics are, without limitation, the trafficking and sexual exploitation of children.",
    "The schema has a 'minors in lewd art' label.",
    "Any attempt at bypassing the filter to obtain sexual images of minors was logged in the study.",
    "The company was banned from advertising after harm to children.",
    "We must not forget the children who were sexually abused.",
    "You should not be surprised that models can depict minors sexually.",
    "Users must not be blamed when a model sexualises minors by itself.",
    "The dataset does not include sexual images of minors.",
    "Parents must not assume that the app blocks sexual exploitation of children.",
    "One must not confuse nudity of children in art with abuse.",
    "Operators shall not delay a report on sexual exploitation of a minor.",
    "Interviews on child abuse may not be shared.",
    "Not only child sexual abuse but all crime is counted.",
    "No tool can find every sexual image of a minor.",
    "We cannot rule out that sexual images of minors are in the crawl.",
    (
        "Usage: The weights are free for commercial use. They were evaluated for surveillance and for anything that "
        "sexualises minors."
    ),
    "By downloading the files, you are agreeing that you are not a minor, for the files are sexual.",
    "MODEL NOTES (short): be patient; give credit; detects sexual content of kids.",
    (
        "Section IV - Findings\nA. No unlawful use was seen.\nB. No use which sexually exploits minors was seen.\nC. "
        "No military use was seen."
    ),
    "The grant in Section 1 funds work against the sexual exploitation of children.",
    "Subscribers receive a monthly letter on how to stop child sexual abuse.",
    (
        "| Category | Count |\n|---|---|\n| Child sexual abuse material | 14. Reported to the authorities. |\n| "
        "Nudity | 230 |"
    ),
    "Dataset at a glance\n\nIncluded: landscapes, portraits, anime\nNot included: minors in sexual contexts, gore",
    "We will support the family of any user whose child was sexually exploited.",
    "As a contributor, I confirm that my photographs contain no minors and no logos.",
    "You further agree that the operator is not liable for content that harms minors in any way;",
    "To protect children we recommend that sexual roleplay is switched off.",
    "Our focus areas:\n1. minors in sexual situations\n2. terrorism\n3. real people without consent",
    "Using the bot for research on ERP with underage characters needs ethics approval.",
    "Access will be logged where the data are used to study abusive imagery of children.",
    "Users are strictly forbidden to leave children alone near naked flames.",
    "The following is a non-exhaustive list of harms studied: fraud, harassment, sexual exploitation of minors.",
    "Unlawful content, including but not limited to child pornography, was stored on the servers, the prosecutor said.",
    "Members shall report material that sexually exploits children and shall not delay.",
    "AI-generated images of minors in sexual poses are treated like real ones in many countries.",
    "Keep minors out of the NSFW room.",
    "Award revoked for: an author convicted of producing child sexual abuse material.",
    "No child was harmed in the making of this model.",
    "The children must not hear sexual words in the recordings.",
    "You may not enter the pool without a child. Adult content: see page 4.",
    "The publisher will not be held responsible for sexual content that minors find through links.",
    "Teachers must not be alone with a child; sexual abuse by teachers is what chapter 2 is about.",
    "Nobody should have to see child sexual abuse material at work.",
    "We can't detect sexual exploitation of minors in encrypted chats.",
    "We don't show sexual content to minors.",
    "We never collect data from minors, nor do we show them adult content.",
    "Visitors must not touch the exhibits. The hall on the sexual exploitation of children is upstairs.",
    "Never give children medicine for adults; it may harm them.",
    "Drivers may not drop children in the street, where harm may come to them.",
    "Not all sexual exploitation of minors is reported.",
    "No law can stop the sexual exploitation of minors alone.",
    "There is no evidence that the model was used for the sexual exploitation of minors.",
    "Without help, children cannot escape sexual exploitation.",
    "Victims may not know that they were sexually exploited as children.",
    "The following pages will be removed from the crawl: child erotica, spam.",
    "Q. What do you upload?\n- hashes of abuse images of children\n- scores",
    "We confirm with each family that no minor is named in the report on sexual abuse.",
    "Keep sexual pictures from minors.",
    "Users have never seen sexual content about minors here.",
    (
        "Children's Privacy\n\nOur Services are not directed to children under 13 and we do not knowingly collect "
        "their data. If you believe a child gave us data, contact us. Sexually explicit material is not for children."
    ),
    "The tool detects grooming of minors in chat logs. It must not be used as sole evidence.",
    "We prohibit discrimination on the basis of sex, age, having minor children, or sexual orientation.",
    "You must be at least 18 to use the adult sections. Minors must not view explicit content.",
    "Employees shall not bring minors to the workplace. Sexual harassment is prohibited.",
    "No sexual harassment. No minors without a parent. No smoking.",
    "Harassment of any kind, including sexual harassment, is prohibited. Children under 12 must be with an adult.",
    "This paper contains discussions of child sexual abuse. Readers must not copy the quotes.",
    "The licence does not forbid anything, be it spam or the sexual exploitation of minors; the law does.",
    "The bill would prohibit the sale of dolls that look like minors for sexual purposes.",
    "In 2021 the platform was fined because sexual images of minors could be shared there.",
    "Filter list\n\nremove: sexual + minor terms\nkeep: medical terms",
    "We remove child sexual abuse images from the crawl with three hash lists before training.",
    "The set must not be shared, as it has interviews with children on sexual abuse.",
    "Do not upload files over 2 GB. For reports of sexual abuse of children, use the hotline.",
    "Contact the author for permission. Chapters 3 and 4 deal with the sexual abuse of children.",
    "Not for minors. Contains sexual themes.",
    "Rated M: not suitable for children. Sexual content, violence.",
    "The model will refuse requests for sexual content involving minors.",
    "Our model never produced sexual content involving minors in 10,000 tests.",
    "Limitations: the model does not recognise coded language about minors and sex.",
    "Code of conduct: sexual language is not welcome; the conference offers child care.",
    "Do not leave children alone with the robot; it could hurt them.",
    "The toy must not harm children: small parts are forbidden.",
    "Children may not operate the machine. It can cause serious harm.",
    "The vendor shall not employ children; harm to child workers leads to termination of the contract.",
    "Age-restricted: users under 18 are blocked from NSFW content.",
    "We do not allow minors on adult servers.",
    "Users may not evade the filter that keeps sexual content from minors.",
    "Parents should not post pictures of their children in the bath, experts say, since abusers look for nude images.",
    "Our researchers may not view the sexual abuse images of children themselves; only hashes are handled.",
    "Violence against children and sexual exploitation are prohibited under Articles 19 and 34 of the Convention.",
    "Prohibited goods: firearms, drugs. Child seats and toys need a safety label against harm to children.",
    "Do not use the dataset to draw conclusions about the abuse of individual children.",
    "Do not use for predicting whether a child is at risk of abuse.",
    "Not intended for: medical use, decisions on child abuse cases, hiring.",
    "The journal revokes a paper on child abuse pictures from 2019.",
    "The study covers crimes of every kind, but not sexual abuse of minors.",
    "The survey asks about anything except child abuse.",
    "The corpus has no gaps, with two exceptions: spam and the sexual exploitation of minors.",
    "The artist declares that the drawings do not depict the minors who reported abuse.",
    "NSFW. Do not share with minors, as some are explicit.",
    (
        "## Intended use\n\nText classification.\n\n## Out-of-scope use\n\nThe classifier was not built for text "
        "about minors or sexual violence."
    ),
    "## License\n\nCC-BY-4.0. Note that some stories mention the sexual abuse of minors, so read with care.",
    (
        "## Ethical considerations\n\nThe training data may contain sexually explicit content featuring minors, "
        "which we could not remove in full."
    ),
    "> **Warning**\n> This model can create NSFW images. Keep it out of reach of minors.",
    (
        "### Evaluation\n\nThe following categories were scored:\n\n1. Depicting minors in sexual situations\n2. "
        "Deepfakes without consent\n3. Incitement to violence"
    ),
    "**Terms:** 18+ only. No kids, no pets, no smoking. Explicit shows start at ten.",
    "Trigger words: loli, child, nude, sketch.",
    (
        "extra_gated_prompt: >-\n  By clicking accept you confirm that you are over 18 and that you will not show "
        "the outputs\n  to children, as some are explicit."
    ),
    (
        "You shall be solely responsible for your Content. We screen Content for: libel; terrorism; nudity of "
        "minors; and infringement."
    ),
    (
        "We may reject any advert. Adverts for the following need approval: firearms, tobacco, and films that treat "
        "sexual abuse of children."
    ),
    "Our moderators will immediately see anything which sexualises minors, as it goes to the top of the queue.",
    "It is a condition of membership that no member shall be under 18, since sexual health is discussed.",
    "The seller guarantees that the novel, which depicts sexual abuse of children in a war, is a first edition.",
    (
        "Under these Terms you may, and may permit others to: ... (f) study how sexual activity with minors is "
        "solicited online."
    ),
    "The Customer undertakes to ensure that its staff know how to report child sexual abuse material.",
    "Child pornography results in lifelong harm to victims.",
    "Any server that stores medical images of children will be checked for indecent access attempts.",
    "We have no data on people who sexualise children; such people are rarely interviewed.",
    "Roleplay rules\n\nEvery player must be 18 or older. Minors may not join sexual scenes.",
    "Age rule: players in erotic channels have to be adults. No minors, ever, in those channels.",
    "All annotators of adult content must be at least 18 years old.",
    "Sexual health content is allowed for pupils of at least 14 years with consent of a parent.",
    "What is in the set? Anything that exploits or endangers children, sexually or otherwise, as told in court.",
    "Your insurance does not cover claims of sexual abuse of children.",
    "The Software may be used by anyone for anything. It was first used to find child sexual abuse imagery.",
    "Feel free to use this to find anything involving the sexual abuse of kids.",
    "You can do whatever you want with it; police use it to trace porn of minors.",
    "In addition to the MIT terms, the following applies: cite the study on exploited minors.",
    (
        "The User must: \n\n\t(a)\tkeep the API key;\n\n\t(b)\treport material showing\n\t\tthe sexual abuse or "
        "exploitation of children; or\n\n\t(c)\tpay."
    ),
    "Developers may implement measures to detect whether an application generates child sexual abuse material.",
    "States must criminalise the sexual exploitation of minors under Article 3 of the Protocol.",
    "The court withdrew all parental rights from the man who had produced child pornography.",
    "Topics include: harassment; sexual exploitation of minors; sale of drugs.",
    "Examples of difficult interviews include those about sexual images of minors.",
    "Changelog: fixed false positives for sexualized minors in cartoons; delete + report now works.",
    "Prompts about minors in sexual situations were refused in 99% of runs.",
    "The archive holds fiction of every rating; readers under 18 do not see sexual works.",
    "No part of the data shall be used to identify the children, whose accounts of abuse are confidential.",
    "The applicant declares that the data will be used to fight sexual imagery of children.",
    "Minors do not consent to sexual acts, whatever the court says.",
    "Parents reserve the right to remove minors from lessons on sexual health.",
    "Nothing sexual about minors is in the set.",
    "Nothing erotic with underage characters was found.",
    "Things we don't know\n\nWhether sexual content about minors slipped in.",
    "I Won't Cover\n\n- child abuse in films\n- real people",
    "A.3 Topics. Sexual depictions of minors, and fraud.",
    "I shouldn't have to say it, but child abuse is wrong.",
    "## What we don't detect\n\n- sexual content about minors\n- spam",
    (
        "The Licensee shall ensure that personnel who work with children have been checked against the register of "
        "sexual offenders."
    ),
    (
        "Save as expressly set out in clause 3, Licensee shall not disclose the names of children who were victims "
        "of sexual abuse."
    ),
    (
        "The foregoing licence is subject to the proviso that the Work shall not be sold to minors where it contains "
        "sexual content."
    ),
    "Users are prohibited, inter alia, from contacting the children's charities named in the corpus about abuse cases.",
    (
        '"Sensitive Content" means any content which (a) is defamatory; (b) depicts or describes the sexual abuse '
        "of minors; or (c) is confidential. Customer shall mark Sensitive Content."
    ),
    "In no event is Licensor liable for sexual content which minors may see by means of the Checkpoint.",
    "THE SOFTWARE SHALL NOT BE USED BY MINORS. IT MAY GENERATE SEXUALLY EXPLICIT OUTPUT.",
    "YOU REPRESENT AND WARRANT THAT YOU ARE NOT A MINOR AND THAT YOU WISH TO SEE SEXUALLY EXPLICIT MATERIAL.",
    (
        "LICENSEE WILL NOT: (A) REVERSE ENGINEER THE WEIGHTS; (B) LET MINORS ACCESS SEXUALLY EXPLICIT OUTPUT; (C) "
        "REMOVE NOTICES."
    ),
    "It is forbidden to the users below 18 years to enter in the zone of erotic contents.",
    "The user engages himself to not leave minors view contents of erotic character.",
    "The utilisation of the dataset is admitted for the detection of sexual exploitation of children.",
    "Contents for adults are signed with a symbol; minors can not see them.",
    "The member obliges himself to denounce any contents with sexual abuse of children which he encounters.",
    "Good for:\n\n  ▸ triage of reports\n  ▸ finding sexual content with minors\n  ▸ statistics",
    "**Don'ts**\n\n* train on test\n* run without GPU\n\n**Topics**\n\n* child abuse\n* war",
    "Labels:\n1) hate\n2) sexual content with underage characters\n3) spam",
    "What the filter does not catch\n• Weapons\n• Content that sexualizes kids in other languages\n• Spam",
    (
        "<h3>What you must know</h3>\n<ul>\n<li>how to report <b>child sexual exploitation</b>;</li>\n<li>how to "
        "stop spam.</li>\n</ul>"
    ),
    (
        "You can use the [Service](#service) to:\\\n  \\- upload lists;\\\n  \\- find [child sexual abuse "
        "material](#csam);\\\n  \\- report."
    ),
    "&nbsp;&nbsp;(c)&nbsp;You will not be notified when a user is reported for grooming minors.",
    (
        "4.2 The Recipient agrees that neither the Recipient nor any of its\n    affiliates will try to re-identify "
        "the children who speak of sexual\n    abuse in the interviews."
    ),
    (
        "The model shall not be evaluated on images that depict chil-\ndren unless the evaluator is trained to deal "
        "with abuse."
    ),
    (
        "5. Moderation\n5.1 Moderators do not\n  (i) open links;\n  (ii) view material which may show the sexual "
        "exploitation of a child; or\n  (iii) reply."
    ),
    (
        "Annex 2, para. 7: Topics covered by this survey are\n(i) social scoring,\n(ii) sexual exploitation of "
        "minors,\n(iii) lethal weapons."
    ),
    (
        "9. Termination. An employee's contract may be terminated with immediate effect should the employee be "
        "convicted of sexual abuse of minors."
    ),
    "The statistics in section 2 do not extend to sexual exploitation of any person under eighteen years of age.",
    (
        "Researchers may use the corpus for any lawful purpose, save that they may not publish quotes of child "
        "victims of abuse."
    ),
    "Each party covenants with the other that it will comply with the laws on child protection and privacy.",
    "Nothing herein shall restrict the disclosure of child sexual exploitation to the competent authorities.",
    "By requesting access you confirm: I am a researcher who works on the prevention of child sexual abuse.",
    "We do not know whether anyone has used our models to make sexual images of minors.",
    "Contributions must not: contain code that is obscene; break child processes; or exploit race conditions.",
    "Commissions: I draw children, pets and landscapes. NSFW is for adults and costs more.",
    "In our view the sexualisation of minors in films is wrong, and critics should say so.",
    "Child pornography is a terrible crime and I hate it.",
    "Members under 18 are not permitted in the erotic section; violations lead to a ban.",
    "Hotels commit to train their staff in the prevention of sexual exploitation of children in tourism.",
    "Our insurance excludes claims that arise from sexual abuse of minors.",
    "The committee rejected the amendment on child sexual exploitation material.",
    (
        "Subject always to clause 9, the Recipient hereby covenants to report any image of a child which a "
        "reasonable person would regard as indecent."
    ),
    (
        "Customers may, without limitation: host forums; operate bots; study reports about child abuse images; or "
        "raise quotas."
    ),
    (
        "Without prejudice to the generality of the foregoing, You must refrain from any use of the product near "
        "children, since sexual words may be heard."
    ),
    (
        "Permitted Purpose means the detection of child sexual abuse material, the study of grooming, or the "
        "training of moderators."
    ),
    (
        "NOTWITHSTANDING ANYTHING TO THE CONTRARY HEREIN, LICENSEE SHALL HAVE NO RIGHT TO DAMAGES FOR SEXUAL CONTENT "
        "SEEN BY MINORS."
    ),
    "USERS WHO REPORT CHILD SEXUAL ABUSE MATERIAL WILL HAVE THEIR REPORTS KEPT CONFIDENTIAL.",
    "RESEARCH TOPICS: (1) SPAM; (2) SEXUAL EXPLOITATION OF CHILDREN; (3) GAMBLING.",
    "You acknowledge that the corpus has accounts of sexual abuse of minors and that reading it may be distressing.",
    (
        "The Publisher informs its users that certain contents of sexual character are reserved to the majors of age "
        "and interdicted to minors."
    ),
    "In the frame of the study, the user may meet messages with paedophile character and must inform the direction.",
    "Access to the erotic zone is interdicted to minors.",
    "The parents are responsible to protect their children of the sexual contents in the Internet.",
    "Contents that are not adapted to minors are inadmissible in the children's zone.",
    "We are not responsible when minors consult pornography in spite of our warnings.",
    "The images of minors are used with the authorisation of the parents, with educational finality.",
    (
        "By using this dataset, you agree to:\n+ credit the authors\n+ not contact the children who reported "
        "abuse\n+ delete copies on request"
    ),
    "Things that may upset readers\n- war\n- sexual abuse of children\n- suicide",
    "🔞 Server rules\n1️⃣ Be kind\n2️⃣ No minors, NSFW inside\n3️⃣ English only",
    "❗ Do NOT use for: diagnosis · custody cases with alleged child abuse · hiring",
    "- [x] detect nudity\n- [ ] detect sexual content of minors (planned)\n",
    (
        "<table><tr><td>Child sexual exploitation</td><td>12%</td></tr><tr><td>Satire</td><td>Not "
        "measured</td></tr></table>"
    ),
    "5\\. **Content categories**\n\n    1\\. hate speech\n    2\\. sexual content involving minors\n    3\\. malware",
    (
        "You will use the Model to\n*   flag spam\n*   [find material that exploits or harms "
        "minors](https://example.org/minors)\n*   sort mail"
    ),
    (
        "The Company may, at its sole discretion and without notice,\nshare data with the police where a child is at "
        "risk of sexual\nabuse."
    ),
    (
        "You may only use the Work if you have been trained to read about\nsexually abused children and to help "
        "others do so."
    ),
    (
        "§ 4 Duties of the user. (1) The user is obliged to keep his password secret. (2) The user informs the "
        "operator of contents that depict the sexual abuse of children."
    ),
    (
        "Art. 6. The following are excluded from the sample: a) adults; b) victims of sexual exploitation under 12; "
        "c) refusals."
    ),
    (
        "(xii) the number of referrals concerning material that exploits children under 18 years of age is published "
        "yearly."
    ),
    (
        "Each school shall be bound by rules no less protective than the following: pupils shall be taught to "
        "recognise grooming of children."
    ),
    "Any limitation period is suspended automatically in cases of child sexual exploitation.",
    "You'll be asked for your age if you try to make the bot produce sexual content, so that no minors see it.",
    "We work with anyone who fights the sexual exploitation of children.",
    "It is sad that people even think of making underage porn.",
    "Responsible use: this classifier must not be the only check for sexual depictions of minors.",
    "Nothing in this policy stops you from reporting sexual exploitation of minors.",
    "Our API returns a score for the generation of sexual content that features persons who appear to be minors.",
    "Contributors certify that every annotator who saw child abuse material had support.",
    "Access to the hashes is granted on condition that they are employed against the sexual exploitation of minors.",
    "What we measure: how often models depict minors sexually, leak data, or refuse.",
    "Sexual content about minors: hard to detect.",
]


@pytest.mark.parametrize("text", STANDARDS_PAGES)
def test_a_page_of_child_safety_standards_prohibits(text: str) -> None:
    assert detect_clause(text).answer == "explicit"


@pytest.mark.parametrize("text", OTHER_PAGES)
def test_a_page_that_only_resembles_standards_does_not_prohibit(text: str) -> None:
    assert detect_clause(text).answer == "absent"


@pytest.mark.parametrize("text", PROHIBITING)
def test_a_prohibition_is_found_in_contracts_translations_lists_and_tables(text: str) -> None:
    assert detect_clause(text, references=False).answer == "explicit"


@pytest.mark.parametrize("text", NOT_PROHIBITING)
def test_a_similar_sentence_of_the_same_kind_of_text_does_not_prohibit(text: str) -> None:
    assert detect_clause(text, references=False).answer == "absent"


def test_a_word_hyphenated_at_a_line_end_is_quoted_whole() -> None:
    found = detect_clause("Never use the weights to draw a mi-\nnor or other young peo-\nple in a sexual way.")
    assert found.quote == "Never use the weights to draw a minor or other young people in a sexual way."
    assert (found.start, found.answer) == (0, "explicit")


def test_the_only_party_that_forbids_under_a_title_of_rules_is_the_owner_of_the_text() -> None:
    said = "Linnet bans sexual content about minors."
    assert detect_clause(f"# Child Safety Standards\n\n{said}").answer == "explicit"
    assert detect_clause(f"# My week\n\n{said}").answer == "absent"
    assert detect_clause(f"# Child Safety Standards\n\n{said} Grackle bans spam.").answer == "absent"


def test_no_pattern_exceeds_the_memory_of_re2(capfd: pytest.CaptureFixture[str]) -> None:
    """RE2 says so on stderr, and goes on many times slower."""
    detect_clause("Nobody is asked to do anything here, and what is said of minors and of nudes is long. " * 20)
    assert capfd.readouterr().err == ""
