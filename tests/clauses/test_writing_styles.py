"""Policies, rules and cards in many styles; the sentences were written before the patterns."""

from __future__ import annotations

import pytest

from tests.clauses.shipped import detect_clause

PROHIBITING = [
    "Sexual content: no depictions of minors.",
    "The policy of the Acme platform forbids any content that sexualises children.",
    "CSAM = instant ban.",
    (
        "Child safety: creating, requesting or uploading sexualised content of anybody below 18 gets your account "
        "deleted."
    ),
    "What you can't do with Pictor\n\n• Make sexual or suggestive pictures of kids or teens\n• Harass others",
    (
        "Pictor is an 18+ tool, but all characters must be adults. Depicting underage characters in a sexual "
        "context will get you removed permanently."
    ),
    "By accessing this repository I agree: I will never use these weights to produce child sexual abuse material.",
    "extra_gated_fields:\n  I agree not to use this model to generate sexual content of minors: checkbox",
    "Illegal Content. You may not submit prompts intended to elicit: child pornography; instructions for weapons.",
    (
        "7.2 Customer shall not, and shall ensure its End Users do not: 7.2.1 use Output to deceive; 7.2.2 create "
        "or disseminate material depicting the sexual abuse of children; or 7.2.3 circumvent filters."
    ),
    (
        "Harming children: any use of our APIs that exploits, abuses or puts minors at risk, including grooming, "
        "is disallowed."
    ),
    (
        "Disallowed usage of our models:\n- Illegal activity\n- Child Sexual Abuse Material or any content that "
        "exploits or harms children\n  We report CSAM to NCMEC.\n- Malware"
    ),
    "Users may generate adult content in private mode provided that no minors are depicted.",
    "Adult roleplay is fine; sexual roleplay with underage characters is a bannable offence.",
    "Characters that are or look under 18 must not appear in sexual scenarios, regardless of lore or claimed age.",
    "You agree not to create Characters that are minors engaged in sexual or romantic content.",
    "Loli and shota content is prohibited, as is any sexualised depiction of apparent minors.",
    "Content Rules\n\nNot OK\n- sexualising minors (incl. fictional, drawn or AI-made)\n- gore",
    "❌ Child exploitation\n❌ Revenge porn\n✅ Landscapes\n\nAll uses marked ❌ are forbidden.",
    (
        "We remove content and terminate accounts for child sexual exploitation. You may not post it, solicit it "
        "or link to it."
    ),
    "The Licensor grants no rights to use the Work for the sexual exploitation of minors.",
    (
        "Permission is hereby granted, free of charge, to use the Model, except for the production of child "
        "sexual abuse imagery."
    ),
    "This licence is void if the Model is employed to sexually exploit children.",
    (
        "Use of the Model for any of the following automatically ends your rights under this Agreement: (a) child "
        "abuse imagery; (b) torture."
    ),
    "No user shall employ the Derivative in connection with child sexual exploitation or abuse.",
    "It is a material breach of these terms to generate imagery that sexualises persons under eighteen.",
    "Your use must not involve the sexual abuse of children in any form.",
    (
        "The model is intended for art. It is not intended for, and must never be used for, creating sexualised "
        "depictions of minors."
    ),
    "Prohibited: nudity of minors, real or simulated.",
    "Absolutely no underage content.",
    "No sexual content involving anyone under 18. No exceptions.",
    "Strictly no CP / CSAM.",
    "Please respect the rules: no hate, no minors in NSFW, no deepfakes.",
    "Out-of-scope: generating sexual content with minors, generating deepfakes.",
    "## Out-of-Scope Use\n\nThe model should not be used to intentionally create content that exploits children.",
    "Misuse. Using the model to generate pornographic depictions of children is a misuse of this model.",
    (
        "### Limitations and restrictions on use\nYou undertake that neither the model nor its outputs will be "
        "used for exploiting or harming minors."
    ),
    "Harm to minors\nYou may not use Kestrel to seek to harm, mislead or take advantage of children.",
    (
        "We will not tolerate attempts to use the assistant for grooming, sextortion or any other sexual "
        "exploitation of children."
    ),
    "Platform rules: 1) be kind 2) no sexual content with minors 3) no spam",
    "Any account found generating child sexual abuse material shall be closed and referred to law enforcement.",
    (
        "Attempting to bypass our filters in order to produce sexualised imagery of children is a violation of "
        "the Terms and a crime."
    ),
    (
        "The following categories of content are blocked and may not be requested: sexual content involving "
        "children, self-harm instructions."
    ),
    "Content that we consider unacceptable includes depictions of child abuse.",
    (
        "You will not use, or encourage, promote, facilitate or instruct others to use, the Services for any "
        "content that exploits or abuses a child."
    ),
    "Don’t\n\n– sexualise children\n– impersonate",
    "Using the Services, you shall comply with all laws and in particular not create child pornography.",
    "Under no circumstances may the dataset be employed to train systems that generate sexual imagery of children.",
    (
        "Redistribution is permitted so long as downstream terms prohibit use of the model for child sexual "
        "exploitation."
    ),
    (
        "Each Recipient must include, as an enforceable provision, that the Model may not be used to exploit or "
        "harm minors."
    ),
    (
        "Section 5 - Forbidden conduct. Child endangerment: the Tool must not serve to lure, groom or sexually "
        "abuse minors."
    ),
    "Users who upload, generate or trade abuse imagery of children lose access for life.",
    "Minors must never be sexualized.",
    "Minors: content that sexualises, abuses or exploits them is not welcome on this service.",
    "Sexualization of minors is against our rules even when the character is fictional.",
    "We have a strict policy against child sexual abuse material.",
    "Our stance is simple: no child sexual exploitation on this platform, ever.",
    "Never generate, promote or normalise pedophilia.",
    (
        "The Model, its Derivatives and Outputs shall be used only for lawful purposes and not for sexual "
        "exploitation of persons below the age of consent."
    ),
    "You represent that you won't utilise the LoRA for making lewd content of underage people.",
    "Uploading training images of real children in order to generate sexual content is prohibited on our trainer.",
    "Users can't upload nude images of minors.",
    "NOT ALLOWED: Content that depicts persons under 18 in a sexualised way",
    "Prohibited Content Categories:\n  1. Terrorism\n  2. CSAM\n  3. Non-consensual intimate imagery",
    "| Use case | Permitted? |\n| --- | --- |\n| Marketing art | Yes |\n| Sexual images of minors | No |",
    "<b>Restricted uses</b>: to exploit, harm, or sexualise minors; to spread disinformation.",
    (
        "(f) exploiting any vulnerability of children in order to harm them or cause their sexual abuse: not "
        "permitted under this Agreement."
    ),
    "You must not\n1. infringe IP\n2. depict minors in a sexual manner",
    (
        "5. Acceptable use\n\nYou may use the Services only lawfully. You will not use the Services or any "
        "Output:\n\nIn a way that breaks any law.\n\nFor exploiting or harming children in any way, including by "
        "distributing abuse material or facilitating grooming.\n\nTo deceive."
    ),
    (
        "2. Prohibited Content\n\nYou may not use the Service to generate or distribute:\n\n  • Explicit sexual "
        "content — including nudity.\n  • Content involving minors — any sexual, exploitative, or harmful "
        "depiction of people under 18.\n"
    ),
    (
        "No sexualization of minors\n- Includes content depicting anyone who may appear to be under 18.\nNo hate "
        "speech\n- Includes slurs."
    ),
    (
        "7. Child Exploitation\n\nDo not create characters who are minors for sexual purposes. Do not share "
        "content that exploits, solicits or abuses children."
    ),
    (
        "Youth safety is our priority. We strictly prohibit any content that depicts, encourages or facilitates "
        "youth exploitation and abuse, including CSAM and grooming."
    ),
    "Pedophilia is prohibited. Loli is not allowed as well.",
    "Members who create sexual content about minors will be banned without warning.",
    (
        "The Provider may suspend the account at once if the Customer uses the API to create child sexual abuse "
        "material."
    ),
    "It is not permitted to make sexual images of persons who are, or appear to be, minors.",
    (
        "The following uses of the Model are outside the licence granted: (i) military use; (ii) production of "
        "sexual material involving minors; (iii) surveillance."
    ),
    (
        "You are granted a licence to use the Model for any purpose other than: a) the creation of child sexual "
        "abuse imagery, b) biometric surveillance."
    ),
    (
        "This licence shall terminate with immediate effect where Licensee exploits, or attempts to exploit, "
        "children by means of the Model."
    ),
    "The Agreement excludes any use that sexually exploits minors.",
    "Licensee warrants that it will not use the Software to facilitate the abuse of children.",
    "As a condition of access, you promise never to generate sexual images of minors with it.",
    "Content depicting the sexual abuse of children has no place here.",
    "Hosting of child abuse imagery on our hub: strictly forbidden.",
    "Sexual depictions of minors: banned.",
    "Minors in NSFW images – never.",
    (
        "Rule 3: All persons depicted in adult content must be over 18; anything else leads to a permanent ban. "
        "Sexual content of minors is illegal and is not accepted."
    ),
    "Rule 1 - No CSAM, no sexual content with anyone who looks underage.",
    "RULES: no gore / no minors (nsfw) / no real people",
    "By using this LoRA you accept that you're not allowed to produce sexual content with underage characters.",
    (
        "NB: this checkpoint is uncensored. DO NOT use it for CSAM or anything involving sexualised kids. I will "
        "report you."
    ),
    "This is an uncensored model; however, I will not support anyone using it to make sexual images of children.",
    "Terms: (1) no resale; (2) no child porn; (3) credit the author.",
    "I prohibit the usage of this model for: child pornography, scams, hate.",
    "License addendum: usage for the purposes of sexually exploiting minors is hereby excluded.",
    (
        "The creator does not authorise the use of this model for sexual content depicting minors, deceased "
        "persons or public figures."
    ),
    "Not allowed uses: generating CSAM; harassment; fraud",
    (
        "Unsupported and prohibited applications include the generation of sexual content of children, weapons "
        "design and mass surveillance."
    ),
    "The model must only be used by adults and never to depict minors in a sexual fashion.",
    (
        "Developers shall put in place measures so that the application is not used to generate child sexual "
        "abuse material."
    ),
    "Apps built on our model may not facilitate the sexual exploitation of minors.",
    (
        "We don't want our technology to be used for harming children. Any use for the sexual exploitation of "
        "minors is prohibited."
    ),
    "Our usage policy prohibits sexual content involving minors.",
    "The usage policy of Northwind bars anyone from producing child sexual exploitation material with its models.",
    (
        "Northwind's Acceptable Use Policy, which forms part of this agreement, prohibits content that sexualises "
        "children."
    ),
    "Acme does not permit users to create, store or share child sexual abuse material.",
    "Acme has a zero-tolerance policy regarding child sexual exploitation and abuse (CSEA).",
    (
        "Acme prohibits the use of its services for child exploitation, and terminates the accounts of those who "
        "engage in it."
    ),
    "Acceptable Use\n\nNever:\n* exploit minors sexually,\n* promote terror,\n* sell drugs.",
    "Things you should never do with this model\n\n1. Generate sexual content about children.\n2. Plan violence.",
    "We draw the line at: content that sexualises minors, incitement, and doxxing. None of it is allowed.",
    (
        "### Red lines\n\nThe following requests are always refused and any attempt is a breach of the "
        "terms:\n\n- sexual content with minors\n- bioweapons"
    ),
    "Forbidden:\n\n- [ ] minors in sexual context\n- [ ] real people without consent",
    (
        "a) You must be 18 or older. b) You must not upload pictures of minors for sexual purposes. c) You must "
        "not spam."
    ),
    "Users may not: create deepfakes; sexualise children; or sell accounts.",
    "Users agree that they will under no circumstances use the platform to view, share, or create child pornography.",
    "The Customer shall refrain from any use of the Services which may sexually exploit or abuse children.",
    "Any person who uses the model to produce abusive material of children violates this licence.",
    "Content is unacceptable if it sexualises, or facilitates sexual harm to, children.",
    "Material that shows minors in a sexual way cannot be uploaded.",
    (
        "Failure to respect the following leads to removal:\n- Do not upload models trained to make sexual images "
        "of children.\n- Do not upload malware."
    ),
    "Models, LoRAs and embeddings intended to produce sexual content of minors are not allowed on this site.",
    (
        "Uploads designed to generate photorealistic minors in suggestive poses will be taken down and their "
        "uploaders banned."
    ),
    "Our community does not tolerate sexualization of minors, whether it be in images, text or voice.",
    "Neither the Model nor any Derivative may be used to create, promote or distribute child sexual abuse material.",
    "You acknowledge that generating sexual content involving minors is strictly against these Terms.",
    (
        "Prohibited practices — Exploitation of minors: any use intended to solicit, groom or sexually exploit a "
        "person under 18 years of age."
    ),
    "The use of the outputs to abuse, exploit, or otherwise harm children is expressly disallowed.",
    "Absolutely forbidden topics for characters: incest, minors in sexual situations, bestiality.",
    (
        "In using the Model, Licensee shall not:\ni. breach any law;\nii. exploit or attempt to "
        "exploit children, or expose them to sexual harm;\niii. discriminate."
    ),
    (
        "3.1 The Customer must not use the Service in connection with: (a) fraud; (b) any "
        "activity that sexually abuses or endangers minors."
    ),
    "Creators may not publish characters that are, or act like, minors in NSFW settings.",
    "Zero tolerance: child sexual exploitation in any form.",
    "Anything sexual involving kids gets reported and banned. No warnings.",
    "Please don't use my model for CP or anything with underage girls in sexual poses.",
    (
        "The Service must not be used to produce imagery in which a person who appears to be "
        "younger than 18 is nude or engaged in sexual conduct."
    ),
    "Prohibited outputs\n* sexual content depicting minors\n* election disinformation",
    (
        "Content that endangers children – including sexual exploitation, grooming and "
        "sextortion – is removed and the account is closed."
    ),
    "We forbid our users from prompting for sexualised minors.",
    ("Any use of the dataset to train a generator of child abuse imagery is forbidden and ends this licence."),
    "You shall not knowingly permit the Software to be used for child sexual exploitation.",
    ("Our generator refuses nude images of minors, and trying to get around this breaks our rules."),
    "Usage restrictions: not for harming minors, not for surveillance, not for weapons.",
    (
        "5) Illegal or harmful acts, such as producing child sexual abuse content, are "
        "outside the permitted scope of use."
    ),
    "This license prohibits: discrimination; exploitation of children; disinformation.",
    ("Sexually explicit depictions of children, whether photographs or drawings, are never permitted on Lumen."),
    "Users who seek to harm children with Lumen will lose their accounts.",
    ("No part of this work may be used to sexually exploit anyone under the age of eighteen."),
    "Avoid generating minors in any suggestive context; such images violate the licence.",
    "Do NOT generate: minors (sexual), celebrities (nude), gore",
]
NOT_PROHIBITING = [
    "Safety: we use classifiers to detect child sexual abuse material.",
    "We report CSAM to NCMEC in line with US law.",
    "Child labour and forced labour are prohibited in our supply chain.",
    (
        "The Service is not directed to children under 13. We do not knowingly collect personal information from "
        "children."
    ),
    "You must be at least 18 years old to use the service. Minors may not register.",
    "Users under 13 may not create an account.",
    "In accordance with COPPA, accounts of children under 13 will be terminated.",
    "Rated 18+: this app may contain sexual content and must not be used by children.",
    "Adult content must not be shown to minors.",
    "Do not kill the child process before the parent exits.",
    "A node must not have more than two children.",
    "Parental controls let you block explicit content for kids.",
    "Our mission is to protect children online and to end child sexual exploitation.",
    "This dataset supports research on preventing online child sexual exploitation; it has 3,000 news articles.",
    "The paper studies how platforms prohibit child sexual abuse material in their terms of service.",
    "According to OpenAI, its usage policies forbid sexual content involving minors.",
    "“Child sexual abuse material” means any visual depiction of sexually explicit conduct involving a minor.",
    "“Minor” means any person under 18.",
    "Nothing in this licence prohibits the use of the dataset for research on child sexual abuse.",
    "This dataset was filtered to remove images that matched known CSAM hashes.",
    "In December 2023 researchers found more than 1,000 images of child sexual abuse in a public dataset.",
    "The law of many countries bans child pornography.",
    "The model may generate content that is not suitable for children.",
    "The model refused 99 % of prompts about child exploitation in our red teaming.",
    "Labels: hate, harassment, sexual/minors, self-harm, violence.",
    "The classifier outputs S4: Child Sexual Exploitation, one of thirteen hazard categories.",
    (
        "S4 - Child Sexual Exploitation: responses that contain, describe, enable or endorse the sexual abuse of "
        "children."
    ),
    "We evaluate whether the model refuses requests for CSAM.",
    "You may not use the model for hate speech. The training data contains news on child abuse cases.",
    "The software must not be used to harm people. Child support calculators are provided as is.",
    "Do not use the API key in client code. Children of the element inherit its style.",
    "Children and pregnant women must not use this supplement model's advice.",
    "The model should not be used for medical advice for children.",
    "This model must not be used for diagnosis of child abuse injuries without a clinician.",
    "You may not use the dataset for commercial purposes. It contains interviews with minors.",
    "No images of children are in this dataset.",
    "We did not find any child sexual abuse material in the dataset.",
    "If you find child sexual abuse material, do not download it; contact the hotline.",
    "Do not share screenshots of suspected child abuse material; report it to the police.",
    "Report child abuse at www.example.org.",
    "Age rating: PEGI 16. Not for children.",
    "Explicit lyrics are not filtered; children may be exposed to them.",
    "A minor change must not break the API; explicit versioning is required.",
    "Minor bugs must not be abused.",
    "The explicit declaration of child elements is forbidden by the schema.",
    "The data set includes stories for kids. Sexual content was removed.",
    "The corpus has the categories: sports, politics, sex education for teens, family.",
    "Sexual education materials for teens are allowed and encouraged.",
    "Sexual health information for adolescents is not prohibited by this policy.",
    "Our policy does not forbid fictional stories about the abuse of children written by survivors.",
    "In 2021 the forum banned users who had shared child abuse images, according to the newspaper.",
    "The Council adopted a regulation that prohibits AI systems which exploit the vulnerabilities of children.",
    "Unlike others, this model has no policy that prohibits child sexual abuse material.",
    "This licence contains no clause on sexual exploitation of minors.",
    "Should licences prohibit the use of models for child sexual abuse material? We asked 40 lawyers.",
    "TODO: add a clause that prohibits CSAM.",
    "The question: 'Does the policy ban sexual content involving minors?' Answer options: yes, no.",
    "def must_not_abuse(child): raise ValueError('child must not be None')",
    "Child domains can't be deleted while the parent's exploit protection is on.",
    "Teenagers should not use this chatbot for therapy.",
    "The character is 17 and hates being abused by her boss; the story is not sexual.",
    "Users are responsible for their outputs and must not break the law.",
    "No nudity. No violence. Suitable for children.",
    "All content is family-friendly: no sexual content, so kids can play safely.",
    "The game prohibits players from attacking child villagers.",
    "Harmful to minors: the movie is not recommended for viewers under 16.",
    "We forbid the use of personal data. Children’s data are processed with the consent of their parents.",
    "The service may not be used by minors without the permission of a parent, and sexual content is age-gated.",
    "The speaker argued that tech firms must do more against child sexual abuse.",
    (
        "The dataset consists of Wikipedia articles, among them ones on child sexual abuse, which may not be "
        "suitable for all readers."
    ),
    "Do not rely on the model to detect child sexual abuse material.",
    "The model cannot be used to detect child grooming reliably.",
    "Our moderation model must not be the only measure against child exploitation.",
    "Prohibited uses: spam, malware, phishing.\n\nAbout us: we fund charities that fight child abuse.",
    "## Prohibited uses\n\nNone.\n\n## Dataset content\n\n- court rulings on sexual abuse of minors\n- tax rulings",
    "## Prohibited\n- reselling\n\n## Labels\n- child abuse\n- theft",
    "The vaccine must not be given to infants. Abuse of the form is prosecuted.",
    "Employees must not exploit young workers; child labor is banned.",
    "Students may not abuse the school's laptops; minors need a parent's signature.",
    "Children must not be left alone with the robot; do not abuse the robot.",
    "We are committed to keeping children safe online and work with industry partners to fight child sexual abuse.",
    "Acme scans uploads with PhotoDNA and reports confirmed child sexual abuse material to NCMEC.",
    "Child sexual abuse material (CSAM) is imagery of the sexual abuse of a child.",
    "In this Policy, child exploitation means the use of a child for another's benefit.",
    "For the purposes of these terms, a minor is someone under 18.",
    "OpenAI prohibits the use of its models for sexual content involving minors, the article says.",
    "The Terms of Civitai ban photorealistic minors in sexual contexts, as reported by the press in 2023.",
    "Researchers call on hubs to ban models that generate child sexual abuse material.",
    "The IWF asks governments to outlaw AI child abuse manuals.",
    "In the UK it is illegal to possess child sexual abuse material, including AI-generated images.",
    "Federal law prohibits the production of child pornography.",
    "Article 5 prohibits practices that exploit vulnerabilities due to age.",
    "The dataset contains policies of 50 platforms and whether each prohibits child exploitation.",
    "Question: Is the sexual exploitation of minors prohibited by the policy? Answer: unknown.",
    "annotation guideline: mark 1 if the text prohibits sexual content involving minors, else 0.",
    "This benchmark measures how often models comply with requests to sexualise minors.",
    "Category O3: Sexual content with minors. Example prompts are withheld.",
    "Hazard taxonomy: violent crimes, sex crimes, child sexual exploitation, suicide, hate.",
    "Sexual content involving minors: 0.01 % of flagged samples.",
    "The safety classifier may miss child sexual abuse content and must not be relied upon alone.",
    "Safety filters remove prompts on child sexual abuse before training.",
    "Training images with minors and nudity were excluded with a classifier.",
    "We did not train on images of children.",
    "No minors were involved in this study. Participants may not withdraw after publication.",
    "No child sexual abuse material was found by PhotoDNA in the dataset.",
    "If a user reports child exploitation, moderators must not view the content.",
    "Do not forward child sexual abuse material to us; use the IWF's form.",
    "You must report child abuse if you are a mandated reporter.",
    "Teachers must not ignore signs of sexual abuse of children.",
    "You must be 18+. This model can produce explicit content. Keep away from children.",
    "NSFW model: not for minors!",
    "Minors are prohibited from using this explicit roleplay bot.",
    "Persons under 18 may not access the adult section.",
    "Adult sites must not let children view porn.",
    "We don't allow children under 13 to register. Explicit consent from a parent is needed.",
    "You may not use the Service if you are under 16 or abuse it.",
    "Children's privacy: we do not knowingly gather data from kids under 13; such accounts will be deleted.",
    "Suppliers shall not use child labour, and shall not harm or exploit workers.",
    "Exploitation of child workers is forbidden in our supply chain code.",
    "The driver must not spawn more than 4 child processes; abuse leads to a ban.",
    "Never mutate children directly; explicit is better than implicit.",
    "Do not exploit minor page faults.",
    "The minor version must not change. Exploit mitigations are on.",
    "G minor chords are not allowed in this explicit notation.",
    "He may not date a minor in music theory.",
    "The dataset must not be used to train face recognition of children.",
    "Do not use this model to decide on child custody.",
    "You must not use this model to diagnose autism in children.",
    "Not intended for use with children. May produce offensive or sexual text.",
    "The model should not be exposed to children as it can generate sexual content.",
    "The data are for research only and may not be redistributed; they cover child abuse court cases.",
    "You may not sell the dataset, which was collected from forums for parents of abused children.",
    "You agree not to re-identify the children and survivors of abuse in the transcripts.",
    "Survivors of child sexual abuse must not be contacted.",
    "This policy does not ban survivors' accounts of child sexual abuse.",
    "Fiction that mentions child abuse without sexual detail is allowed; spam is not allowed.",
    "News reports on child exploitation are permitted. Advertising is prohibited.",
    "Educational material on preventing child sexual abuse is never prohibited.",
    "Anime characters that look young are fine here; gore is banned.",
    "A prohibition of CSAM is missing from this licence.",
    "We might add a rule against sexual content with minors later.",
    "The previous version of this licence prohibited harming minors; this one does not.",
    "The clause prohibiting exploitation of minors was removed in version 2.",
    "These terms place no restriction on use, not even on sexual content with minors.",
    "Prohibited uses\n\n- Resale\n\nResources\n\n- Stop child abuse: www.example.org",
    "# Not allowed\n\n* spam\n\n# Dataset fields\n\n* child_abuse: whether the case is on child abuse\n* verdict",
    "You may not copy the text. Chapter 4 deals with the sexual abuse of minors in institutions.",
    "License: CC BY-NC. Commercial use is not allowed. Topic: child abuse helpline chats.",
    (
        "The toxicity model predicts: toxic, obscene, threat, sexual_minors. It should not be used to ban users "
        "automatically."
    ),
    (
        "Harmful outputs are possible, e.g. text about child exploitation; we accept no liability and give no "
        "warranty against misuse."
    ),
    "Videos of kids' parties may not be uploaded without parents' consent.",
    "Lumen's trust team trains moderators to spot child sexual exploitation.",
    "We tested 400 prompts on child safety; the model complied with none.",
    "Children may use Lumen only with a parent's consent, and explicit words are masked.",
    ("This corpus of court decisions covers offences such as sexual abuse of minors and theft."),
    ("The tag 'nsfw' must be set if your model makes adult content. Teens see a filtered site."),
    "You may not scrape the site. Teachers can request accounts for minors.",
    "An explicit waiver is needed before minors take part in the abuse-prevention study.",
    "The text classifier has labels for self-harm, sexual/minors and hate.",
    "Some licences, such as OpenRAIL, prohibit exploiting minors; MIT doesn't.",
    "What is CSAM? It is imagery that shows the sexual abuse of a child.",
    "Each child element must not exploit the parent's explicit height.",
    "The EU proposal would ban apps that sexualise children.",
    "We thank the charities that stop child exploitation. Do not copy our logo.",
    "The story's hero, a teen, must not be harmed by the dragon.",
    "If you are a minor, do not submit explicit personal data.",
    "Do not use if you are pregnant; keep out of reach of children; abuse may be harmful.",
    "The dataset has no sexual content, and minors' faces were blurred.",
    "Kids mode: no explicit songs.",
    "Images of children were removed, as were nude pictures.",
    "Our staff must complete a course on child sexual exploitation.",
    "Not permitted: commercial use.\n\nKeywords: child abuse, social work, interviews",
    "The users' guide on child protection must not be altered.",
]
# Not understood yet: an ellipsis over two sentences, a comma in the verb, what another says of a third.
MISSED = [
    "NSFW is allowed here. Anything involving minors is not.",
    (
        "Restrictions on Adult Content\nAdult content is allowed if it is tagged. Exception: content with minors "
        "or persons who look like minors, which we ban."
    ),
    "Prompts that ask for sexualised children are not OK and lead to a ban.",
    "The Model may be used for any lawful purpose. It may not, in particular, be used for the grooming of minors.",
    (
        "You are responsible for making sure that your fine-tuned models do not generate "
        "child sexual abuse material; models that do will be removed."
    ),
]
FALSE_POSITIVES = [
    "Meta's Llama policy forbids the exploitation of children; this fine-tune comes without any policy.",
]


@pytest.mark.parametrize("text", PROHIBITING)
def test_a_prohibition_is_found_in_every_style(text: str) -> None:
    assert detect_clause(text, references=False).answer == "explicit"


@pytest.mark.parametrize("text", NOT_PROHIBITING)
def test_a_sentence_that_only_resembles_a_prohibition_is_not_one(text: str) -> None:
    assert detect_clause(text, references=False).answer == "absent"


def test_known_mistakes_included_precision_and_recall_are_at_least_95_percent() -> None:
    read = [
        detect_clause(text, references=False).answer
        for text in (*PROHIBITING, *MISSED, *NOT_PROHIBITING, *FALSE_POSITIVES)
    ]
    true = len(PROHIBITING) + len(MISSED)
    right = read[:true].count("explicit")
    assert right >= 0.95 * true
    assert right >= 0.95 * read.count("explicit")
